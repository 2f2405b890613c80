"""What authors check, and how it comes to the examiner: the table of docs/what-checks-can-see.md, row by row.

Each row is run in real sandboxes, with the model solution and with a wrong one (test_crossing.py). Run as a program it
writes the page: ``python -m tests.grading.crossing > docs/what-checks-can-see.md``.
"""

# ruff: noqa: E501 - notebooks have lines as long as they have

from typing import NamedTuple

CROSSES, DRIVER, CANNOT = "crosses", "by a driver", "cannot"


class Row(NamedTuple):
    """One thing; ``how`` it crosses; a solution, a check of it, and an answer that the check must not let pass."""

    thing: str
    how: str
    solution: str
    check: str
    wrong: str


TABLE: dict[str, list[Row]] = {
    "Numbers, text, containers": [
        Row("whole number of any size", CROSSES, "big = 2**300", "assert big == 2**300", "big = 2**300 + 1"),
        Row(
            "float to the last bit", CROSSES, "tenth = 0.1 + 0.2", "assert tenth == 0.30000000000000004", "tenth = 0.3"
        ),
        Row("not a number", CROSSES, "gap = float('nan')", "import math\nassert math.isnan(gap)", "gap = 'nan'"),
        Row("complex number", CROSSES, "turn = 1j ** 2", "assert turn == -1", "turn = 1j"),
        Row("Thai text", CROSSES, "คำ = 'น้ำ' * 2", "assert คำ == 'น้ำน้ำ'", "คำ = 'นำ'"),
        Row("bytes", CROSSES, "raw = 'ก'.encode()", "assert raw == b'\\xe0\\xb8\\x81'", "raw = 'ก'"),
        Row("None, told from 0 and False", CROSSES, "nothing = None", "assert nothing is None", "nothing = 0"),
        Row(
            "exact type of a value",
            CROSSES,
            "flag = True",
            "assert type(flag) is bool and isinstance(flag, int)",
            "flag = 1",
        ),
        Row("list, nested", CROSSES, "rows = [[1, [2]], []]", "assert rows == [[1, [2]], []]", "rows = [[1, 2]]"),
        Row(
            "tuple, told from a list",
            CROSSES,
            "pair = (1, 2)",
            "assert pair == (1, 2) and type(pair) is tuple",
            "pair = [1, 2]",
        ),
        Row("set and frozenset", CROSSES, "seen = {1, 2}", "assert seen == frozenset([2, 1])", "seen = [1, 2]"),
        Row(
            "dict, its order",
            CROSSES,
            "prices = {'b': 1, 'a': 2}",
            "assert list(prices) == ['b', 'a']",
            "prices = {'a': 2, 'b': 1}",
        ),
        Row(
            "views of a dict: keys, values, items",
            CROSSES,
            "def views(d):\n    return d.keys(), d.items()",
            "ks, its = views({'a': 1})\nassert 'a' in ks and ('a', 1) in its",
            "def views(d):\n    return [], []",
        ),
        Row(
            "Counter, defaultdict, OrderedDict, deque",
            CROSSES,
            "from collections import Counter, deque\ncounted, queue = Counter('aab'), deque([1, 2])",
            "assert counted.most_common(1) == [('a', 2)] and queue.popleft() == 1",
            "counted, queue = {'a': 1}, [1]",
        ),
        Row(
            "named tuple",
            CROSSES,
            "from collections import namedtuple\nSpot = namedtuple('Spot', 'x y')\nspot = Spot(3, 4)",
            "assert spot.x == 3 and spot == (3, 4) and Spot(1, 2).y == 2",
            "from collections import namedtuple\nSpot = namedtuple('Spot', 'y x')\nspot = Spot(3, 4)",
        ),
        Row(
            "Decimal and Fraction",
            CROSSES,
            "from decimal import Decimal\nfrom fractions import Fraction\n"
            "cost, third = Decimal('1.10'), Fraction(1, 3)",
            "assert str(cost) == '1.10' and third * 3 == 1",
            "cost, third = 1.1, 0.33",
        ),
        Row(
            "date, time, time zone",
            CROSSES,
            "import datetime as dt\nday = dt.date(2568 - 543, 1, 31)",
            "assert (day.year, day.day) == (2025, 31)",
            "import datetime as dt\nday = dt.date(2025, 1, 30)",
        ),
        Row("range", CROSSES, "steps = range(0, 10, 3)", "assert list(steps) == [0, 3, 6, 9]", "steps = range(3)"),
        Row(
            "path",
            CROSSES,
            "from pathlib import Path\nwhere = Path('a') / 'b.csv'",
            "assert where.suffix == '.csv'",
            "where = 'a/b.csv'",
        ),
        Row(
            "identity: `is` between containers",
            CANNOT,
            "def copied(xs):\n    return list(xs)",
            "xs = [1]\nassert copied(xs) is not xs",
            "def copied(xs):\n    return xs",
        ),
        Row(
            "identity, told by a driver",
            DRIVER,
            "def duplicate(xs):\n    return list(xs)",
            "# driver\ndef is_new(xs):\n    return duplicate(xs) is not xs\n\nassert is_new([1]) is True",
            "def duplicate(xs):\n    return xs",
        ),
        Row("a class as a value", CANNOT, "kind = dict", "assert kind == dict", "kind = list"),
        Row(
            "a value of more than 16 MB",
            CANNOT,
            "huge = 'x' * 20_000_000",
            "assert len(huge) == 20_000_000",
            "huge = ''",
        ),
    ],
    "Arrays and tables": [
        Row(
            "array: values, shape, dtype",
            CROSSES,
            "import numpy as np\ngrid = np.arange(6.0).reshape(2, 3)",
            "assert grid.shape == (2, 3) and grid.dtype == float and np.allclose(grid.sum(), 15)",
            "import numpy as np\ngrid = np.arange(6).reshape(3, 2)",
        ),
        Row(
            "array of dates",
            CROSSES,
            "import numpy as np\nstamps = np.array(['2025-01-01', 'NaT'], dtype='M8[D]')",
            "assert np.isnat(stamps).tolist() == [False, True]",
            "import numpy as np\nstamps = np.array(['2025-01-01', '2025-01-02'], dtype='M8[D]')",
        ),
        Row(
            "NumPy number",
            CROSSES,
            "import numpy as np\nsmall = np.float32(0.5)",
            "assert small == 0.5 and small.dtype == np.float32",
            "small = 0.4",
        ),
        Row(
            "Series: values, index, name",
            CROSSES,
            "import pandas as pd\nsums = pd.Series([1, 2], index=['ก', 'ข'], name='n')",
            "pd.testing.assert_series_equal(sums, pd.Series([1, 2], index=['ก', 'ข'], name='n'))",
            "import pandas as pd\nsums = pd.Series([1, 2], index=['ก', 'ข'])",
        ),
        Row(
            "DataFrame with Thai columns",
            CROSSES,
            "import pandas as pd\nตาราง = pd.DataFrame({'จำนวน': [1, 2]})",
            "assert ตาราง['จำนวน'].sum() == 3 and list(ตาราง.columns) == ['จำนวน']",
            "import pandas as pd\nตาราง = pd.DataFrame({'จำนวน': [1]})",
        ),
        Row(
            "missing values",
            CROSSES,
            "import pandas as pd\nholes = pd.Series([1, None], dtype='Int64')",
            "assert holes.isna().tolist() == [False, True] and str(holes.dtype) == 'Int64'",
            "import pandas as pd\nholes = pd.Series([1, 0], dtype='Int64')",
        ),
        Row(
            "categories and their order",
            CROSSES,
            "import pandas as pd\nlevels = pd.Series(pd.Categorical(['lo'], ['lo', 'hi'], ordered=True))",
            "assert levels.cat.ordered and list(levels.cat.categories) == ['lo', 'hi']",
            "import pandas as pd\nlevels = pd.Series(['lo'])",
        ),
        Row(
            "MultiIndex",
            CROSSES,
            "import pandas as pd\ndeep = pd.DataFrame({'k': ['a', 'b'], 'j': [1, 2], 'v': [3, 4]}).set_index(['k', 'j'])",
            "assert deep.loc[('b', 2), 'v'] == 4",
            "import pandas as pd\ndeep = pd.DataFrame({'v': [3, 4]})",
        ),
        Row(
            "dates with a zone in a table",
            CROSSES,
            "import pandas as pd\nwhen = pd.Series(pd.to_datetime(['2025-01-01'])).dt.tz_localize('Asia/Bangkok')",
            "assert str(when.dt.tz) == 'Asia/Bangkok'",
            "import pandas as pd\nwhen = pd.Series(pd.to_datetime(['2025-01-01']))",
        ),
        Row(
            "order of rows, and what order does not matter",
            CROSSES,
            "import pandas as pd\nranked = pd.DataFrame({'v': [2, 1]})",
            "assert ranked['v'].tolist() == [2, 1] and sorted(ranked['v']) == [1, 2]",
            "import pandas as pd\nranked = pd.DataFrame({'v': [1, 2]})",
        ),
        Row(
            "groups of a table",
            DRIVER,
            "import pandas as pd\ngroups = pd.DataFrame({'k': ['a', 'b', 'a'], 'v': [1, 2, 3]}).groupby('k')",
            "# driver\ndef sizes():\n    return groups.size().to_dict()\n\nassert sizes() == {'a': 2, 'b': 1}",
            "groups = None",
        ),
        Row(
            "a subclass of float, list or DataFrame",
            CANNOT,
            "odd = type('Odd', (float,), {})(1.0)",
            "assert odd == 1.0",
            "odd = 2.0",
        ),
        Row(
            "predictions of a model",
            DRIVER,
            "from sklearn.linear_model import LinearRegression\n"
            "model = LinearRegression().fit([[0], [1], [2]], [1, 3, 5])",
            "# driver\ndef predicted(rows):\n    return model.predict(rows)\n\n"
            "assert abs(predicted([[10]])[0] - 21) < 1e-6",
            "from sklearn.linear_model import LinearRegression\nmodel = LinearRegression().fit([[0], [1]], [0, 0])",
        ),
        Row(
            "a fitted model itself",
            CANNOT,
            "from sklearn.linear_model import LinearRegression\nfitted = LinearRegression().fit([[0], [1]], [1, 3])",
            "assert fitted.coef_[0] > 0",
            "fitted = None",
        ),
    ],
    "Functions": [
        Row(
            "positional, keyword and Thai arguments",
            CROSSES,
            "def total(a, *rest, จำนวน=1):\n    return (a + sum(rest)) * จำนวน",
            "assert total(1, 2, จำนวน=3) == 9",
            "def total(a, *rest, จำนวน=1):\n    return a * จำนวน",
        ),
        Row(
            "function that makes functions",
            CROSSES,
            "def adder(n):\n    return lambda x: x + n",
            "assert adder(2)(3) == 5",
            "def adder(n):\n    return lambda x: n",
        ),
        Row(
            "functions in a list or dict",
            CROSSES,
            "ways = {'up': lambda x: x + 1, 'down': lambda x: x - 1}",
            "assert ways['up'](1) == 2 and sorted(ways) == ['down', 'up']",
            "ways = {'up': lambda x: x, 'down': lambda x: x}",
        ),
        Row(
            "built-in function handed to theirs",
            CROSSES,
            "def every(f, xs):\n    return [f(x) for x in xs]",
            "assert every(len, ['a', 'bb']) == [1, 2]",
            "def every(f, xs):\n    return xs",
        ),
        Row(
            "function of the author's handed to theirs",
            CANNOT,
            "def twice(f, x):\n    return f(f(x))",
            "assert twice(lambda x: x + 1, 1) == 3",
            "def twice(f, x):\n    return 3",
        ),
        Row(
            "function of the author's, in a driver",
            DRIVER,
            "def thrice(f, x):\n    return f(f(f(x)))",
            "# driver\ndef plus(n, x):\n    return thrice(lambda y: y + n, x)\n\nassert plus(2, 1) == 7",
            "def thrice(f, x):\n    return 4",
        ),
        Row(
            "docstring",
            CROSSES,
            'def told():\n    """Tells."""',
            "assert told.__doc__ and 'Tells' in told.__doc__",
            "def told(): pass",
        ),
        Row(
            "names, kinds and defaults of parameters",
            CROSSES,
            "def priced(net, *, rate=0.07):\n    return net * (1 + rate)",
            "import inspect\nassert inspect.signature(priced).parameters['rate'].default == 0.07",
            "def priced(net, rate=0.1):\n    return net * (1 + rate)",
        ),
        Row(
            "lambda, told from def",
            CROSSES,
            "half = lambda x: x / 2",
            "assert half.__name__ == '<lambda>' and half(4) == 2",
            "def half(x):\n    return x / 2",
        ),
        Row(
            "decorated function",
            CROSSES,
            "def doubled(f):\n    return lambda *a: 2 * f(*a)\n\n@doubled\ndef one_more(x):\n    return x + 1",
            "assert one_more(1) == 4",
            "def one_more(x):\n    return x + 1",
        ),
        Row(
            "how often a function was called",
            DRIVER,
            "import functools\n@functools.cache\ndef slow(x):\n    return x",
            "# driver\ndef hits():\n    slow(1)\n    slow(1)\n    return slow.cache_info().hits\n\nassert hits() >= 1",
            "def slow(x):\n    return x",
        ),
        Row(
            "async function",
            CROSSES,
            "import asyncio\nasync def later(x):\n    await asyncio.sleep(0)\n    return 2 * x",
            "assert await later(2) == 4",
            "async def later(x):\n    return x",
        ),
        Row(
            "asyncio.run of their coroutine",
            CROSSES,
            "async def soon(x):\n    return x + 1",
            "import asyncio\nassert asyncio.run(soon(1)) == 2",
            "async def soon(x):\n    return x",
        ),
        Row(
            "how a function is written",
            DRIVER,
            "def cubes(xs):\n    return [x ** 3 for x in xs]",
            "# driver\ndef parts():\n    import ast, inspect\n    tree = ast.parse(inspect.getsource(cubes))\n"
            "    return [type(node).__name__ for node in ast.walk(tree)]\n\nassert 'ListComp' in parts()",
            "def cubes(xs):\n    return list(map(pow, xs))",
        ),
        Row(
            "recursion, told from a loop",
            DRIVER,
            "def deep_sum(xs):\n    return xs[0] + deep_sum(xs[1:]) if xs else 0",
            "# driver\ndef calls_itself():\n    return 'deep_sum' in deep_sum.__code__.co_names\n\n"
            "assert deep_sum([1, 2]) == 3 and calls_itself()",
            "def deep_sum(xs):\n    return sum(xs)",
        ),
    ],
    "Iterators": [
        Row(
            "generator, all of it",
            CROSSES,
            "def countdown(n):\n    while n:\n        yield n\n        n -= 1",
            "assert list(countdown(3)) == [3, 2, 1]",
            "def countdown(n):\n    yield from range(n)",
        ),
        Row(
            "endless generator, item by item",
            CROSSES,
            "def evens():\n    n = 0\n    while True:\n        yield n\n        n += 2",
            "stream = evens()\nassert [next(stream) for _ in range(4)] == [0, 2, 4, 6]",
            "def evens():\n    n = 0\n    while True:\n        yield n\n        n += 1",
        ),
        Row(
            "for, zip, enumerate, islice over theirs",
            CROSSES,
            "def squares(n):\n    return (x * x for x in range(n))",
            "from itertools import islice\nassert dict(enumerate(islice(squares(9), 3))) == {0: 0, 1: 1, 2: 4}",
            "def squares(n):\n    return (x for x in range(n))",
        ),
        Row(
            "map, filter, zip objects",
            CROSSES,
            "def cleaned(xs):\n    return map(str.strip, xs)",
            "assert list(cleaned([' a', 'b '])) == ['a', 'b']",
            "def cleaned(xs):\n    return iter(xs)",
        ),
        Row(
            "the end of an iterator",
            CROSSES,
            "def single():\n    yield 1",
            "it = single()\nnext(it)\ntry:\n    next(it)\nexcept StopIteration:\n    pass\nelse:\n    raise AssertionError",
            "def single():\n    yield 1\n    yield 2",
        ),
        Row(
            "send into a generator",
            CROSSES,
            "def echo():\n    got = 0\n    while True:\n        got = yield got * 2",
            "e = echo()\nnext(e)\nassert e.send(21) == 42",
            "def echo():\n    while True:\n        yield 0",
        ),
        Row(
            "that nothing is computed too early",
            CROSSES,
            "def lazy(xs):\n    for x in xs:\n        print('at', x)\n        yield x",
            "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as out:\n    next(lazy([1, 2]))\n"
            "assert out.getvalue() == 'at 1\\n'",
            "def lazy(xs):\n    print('at', *xs)\n    return iter(xs)",
        ),
        Row(
            "that it is a generator function",
            DRIVER,
            "def produces():\n    yield 1",
            "# driver\ndef is_generator():\n    import inspect\n    return inspect.isgeneratorfunction(produces)\n\n"
            "assert is_generator()",
            "def produces():\n    return iter([1])",
        ),
    ],
    "Classes": [
        Row(
            "making objects, attributes",
            CROSSES,
            "class Person:\n    def __init__(self, name):\n        self.name = name",
            "assert Person('ก').name == 'ก'",
            "class Person:\n    def __init__(self, name):\n        self.name = ''",
        ),
        Row(
            "methods that change the object",
            CROSSES,
            "class Account:\n    def __init__(self):\n        self.balance = 0\n    def deposit(self, x):\n"
            "        self.balance += x",
            "acc = Account()\nacc.deposit(5)\nacc.deposit(2)\nassert acc.balance == 7",
            "class Account:\n    balance = 0\n    def deposit(self, x): pass",
        ),
        Row(
            "properties, class attributes, static methods",
            CROSSES,
            "class Disc:\n    sides = 1\n    def __init__(self, r):\n        self.r = r\n    @property\n"
            "    def area(self):\n        return 3 * self.r ** 2\n    @staticmethod\n    def unit():\n        return 'cm'",
            "assert Disc(2).area == 12 and Disc.sides == 1 and Disc.unit() == 'cm'",
            "class Disc:\n    sides = 1\n    area = 0\n    def __init__(self, r): pass\n    unit = 'cm'",
        ),
        Row(
            "setting an attribute from the check",
            CROSSES,
            "class Box:\n    width = 1\n    def area(self):\n        return self.width ** 2",
            "b = Box()\nb.width = 4\nassert b.area() == 16",
            "class Box:\n    width = 1\n    def area(self):\n        return 1",
        ),
        Row(
            "isinstance, issubclass, type(x).__name__",
            CROSSES,
            "class Animal: pass\nclass Dog(Animal): pass\nrex = Dog()",
            "assert isinstance(rex, Animal) and issubclass(Dog, Animal) and type(rex).__name__ == 'Dog'",
            "class Animal: pass\nclass Dog: pass\nrex = Dog()",
        ),
        Row(
            "hasattr, dir, vars",
            CROSSES,
            "class Car:\n    def __init__(self):\n        self.speed = 3\n    def stop(self): pass",
            "c = Car()\nassert hasattr(c, 'stop') and not hasattr(c, 'fly') and vars(c) == {'speed': 3}",
            "class Car:\n    def __init__(self):\n        self.speed = 3",
        ),
        Row(
            "len, indexing, in, for, str of their objects",
            CROSSES,
            "class Shelf:\n    def __init__(self, *books):\n        self.books = list(books)\n"
            "    def __len__(self):\n        return len(self.books)\n    def __getitem__(self, i):\n"
            "        return self.books[i]\n    def __contains__(self, b):\n        return b in self.books\n"
            "    def __iter__(self):\n        return iter(self.books)\n    def __str__(self):\n"
            "        return ', '.join(self.books)",
            "s = Shelf('a', 'b')\nassert len(s) == 2 and s[0] == 'a' and 'b' in s and 'z' not in s\n"
            "assert list(s) == ['a', 'b'] and str(s) == 'a, b' and f'{s}' == 'a, b'",
            "class Shelf:\n    def __init__(self, *books): pass\n    def __len__(self):\n        return 2",
        ),
        Row(
            "operators that give an object",
            CROSSES,
            "class Vec:\n    def __init__(self, x):\n        self.x = x\n    def __add__(self, other):\n"
            "        return Vec(self.x + other.x)\n    def __mul__(self, k):\n        return Vec(self.x * k)",
            "assert (Vec(1) + Vec(2) * 3).x == 7",
            "class Vec:\n    def __init__(self, x):\n        self.x = x\n    def __add__(self, o):\n        return self\n"
            "    def __mul__(self, k):\n        return self",
        ),
        Row(
            "calling an object, with …: on one",
            CROSSES,
            "class Gate:\n    def __enter__(self):\n        self.open = True\n        return self\n"
            "    def __exit__(self, *error):\n        self.open = False\n    def __call__(self, x):\n        return x + 1",
            "with Gate() as g:\n    assert g.open and g(1) == 2\nassert g.open is False",
            "class Gate:\n    open = True\n    def __enter__(self):\n        return self\n"
            "    def __exit__(self, *error): pass\n    def __call__(self, x):\n        return x + 1",
        ),
        Row(
            "objects that functions return, objects in lists",
            CROSSES,
            "class Book:\n    def __init__(self, title):\n        self.title = title\n"
            "def catalogue(titles):\n    return [Book(t) for t in titles]",
            "assert [b.title for b in catalogue(['a', 'b'])] == ['a', 'b']",
            "class Book:\n    title = ''\ndef catalogue(titles):\n    return [Book() for t in titles]",
        ),
        Row(
            "objects handed to their functions",
            CROSSES,
            "class Item:\n    def __init__(self, price):\n        self.price = price\n"
            "def cheapest(items):\n    return min(items, key=lambda i: i.price)",
            "assert cheapest([Item(3), Item(1)]).price == 1",
            "class Item:\n    def __init__(self, price):\n        self.price = price\n"
            "def cheapest(items):\n    return items[0]",
        ),
        Row(
            "linked objects",
            CROSSES,
            "class Node:\n    def __init__(self, value, after=None):\n        self.value, self.after = value, after\n"
            "chain = Node(1, Node(2))",
            "assert chain.after.value == 2 and chain.after.after is None",
            "class Node:\n    value, after = 1, None\nchain = Node()",
        ),
        Row(
            "iterator class",
            CROSSES,
            "class Upto:\n    def __init__(self, n):\n        self.i, self.n = 0, n\n    def __iter__(self):\n"
            "        return self\n    def __next__(self):\n        if self.i == self.n:\n            raise StopIteration\n"
            "        self.i += 1\n        return self.i",
            "assert list(Upto(3)) == [1, 2, 3]",
            "class Upto:\n    def __init__(self, n): pass\n    def __iter__(self):\n        return self\n"
            "    def __next__(self):\n        raise StopIteration",
        ),
        Row(
            "dataclass: its fields",
            CROSSES,
            "from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: int\n    y: int = 0",
            "assert vars(Point(1)) == {'x': 1, 'y': 0} and repr(Point(1)) == 'Point(x=1, y=0)'",
            "class Point:\n    def __init__(self, x): pass",
        ),
        Row(
            "members of an Enum",
            CROSSES,
            "from enum import Enum\nclass Colour(Enum):\n    RED = 1\n    BLUE = 2",
            "assert Colour.RED.value == 1 and [c.name for c in Colour] == ['RED', 'BLUE']",
            "class Colour:\n    RED = 1",
        ),
        Row(
            "`==`, `<` or hash of their objects",
            CANNOT,
            "class Same:\n    def __eq__(self, other):\n        return True",
            "assert Same() == Same()",
            "class Same: pass",
        ),
        Row(
            "`==` and `<` of their objects, by a driver",
            DRIVER,
            "import functools\n@functools.total_ordering\nclass Size:\n    def __init__(self, n):\n        self.n = n\n"
            "    def __eq__(self, o):\n        return self.n == o.n\n    def __lt__(self, o):\n        return self.n < o.n",
            "# driver\ndef compared(a, b):\n    one, other = Size(a), Size(b)\n    return one == other, one < other\n\n"
            "assert compared(1, 2) == (False, True) and compared(2, 2) == (True, False)",
            "class Size:\n    def __init__(self, n): pass",
        ),
    ],
    "Exceptions and warnings": [
        Row(
            "built-in exception and its text",
            CROSSES,
            "def root(x):\n    if x < 0:\n        raise ValueError('negative')\n    return x ** 0.5",
            "try:\n    root(-1)\nexcept ValueError as error:\n    assert 'negative' in str(error)\nelse:\n"
            "    raise AssertionError",
            "def root(x):\n    return 0",
        ),
        Row(
            "a subclass of one, caught as the built-in",
            CROSSES,
            "class Low(ValueError): pass\ndef check_low(x):\n    raise Low('low')",
            "try:\n    check_low(1)\nexcept ValueError:\n    pass\nelse:\n    raise AssertionError",
            "class Low(KeyError): pass\ndef check_low(x):\n    raise Low('low')",
        ),
        Row(
            "their own exception class, its attributes",
            CROSSES,
            "class Short(Exception):\n    def __init__(self, by):\n        super().__init__(f'short by {by}')\n"
            "        self.by = by\ndef pay(x):\n    raise Short(x)",
            "try:\n    pay(3)\nexcept Short as error:\n    assert error.by == 3 and 'short by 3' in str(error)\nelse:\n"
            "    raise AssertionError\nassert issubclass(Short, Exception)",
            "class Short(Exception): pass\ndef pay(x):\n    raise Short",
        ),
        Row(
            "pytest.raises with match, pytest.approx",
            CROSSES,
            "class Empty(ValueError): pass\ndef middle(xs):\n    if not xs:\n        raise Empty('no values')\n"
            "    return sum(xs) / len(xs)",
            "import pytest\nwith pytest.raises(Empty, match='no values') as caught:\n    middle([])\n"
            "assert caught.type is Empty and middle([0.1, 0.2]) == pytest.approx(0.15)",
            "def middle(xs):\n    return 0\nEmpty = ValueError",
        ),
        Row(
            "assertRaises of unittest",
            CROSSES,
            "def item(d, k):\n    return d[k]",
            "import unittest\nwith unittest.TestCase().assertRaises(KeyError):\n    item({}, 'a')",
            "def item(d, k):\n    return d.get(k)",
        ),
        Row(
            "warnings",
            CROSSES,
            "import warnings\ndef old():\n    warnings.warn('old', FutureWarning)\n    return 1",
            "import warnings\nwith warnings.catch_warnings(record=True) as seen:\n    warnings.simplefilter('always')\n"
            "    old()\nassert [w.category for w in seen] == [FutureWarning]",
            "def old():\n    return 1",
        ),
        Row(
            "cause of an exception",
            DRIVER,
            "def parsed(t):\n    try:\n        return int(t)\n    except ValueError as error:\n"
            "        raise RuntimeError('bad') from error",
            "# driver\ndef cause(t):\n    try:\n        parsed(t)\n    except RuntimeError as error:\n"
            "        return type(error.__cause__).__name__\n\nassert cause('x') == 'ValueError'",
            "def parsed(t):\n    raise RuntimeError('bad')",
        ),
        Row(
            "traceback",
            CANNOT,
            "def breaks():\n    raise KeyError('k')",
            "import traceback\ntry:\n    breaks()\nexcept KeyError as error:\n"
            "    assert error.__traceback__.tb_next.tb_next.tb_frame.f_code.co_name == 'breaks'",
            "def breaks(): pass",
        ),
    ],
    "What a call does besides": [
        Row(
            "printed text",
            CROSSES,
            "def greet(name):\n    print('สวัสดี', name)",
            "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as out:\n    greet('น้ำ')\n"
            "assert out.getvalue() == 'สวัสดี น้ำ\\n'",
            "def greet(name):\n    print(name)",
        ),
        Row(
            "text on standard error",
            CROSSES,
            "import sys\ndef complain():\n    print('oh', file=sys.stderr)",
            "import contextlib, io\nwith contextlib.redirect_stderr(io.StringIO()) as err:\n    complain()\n"
            "assert err.getvalue() == 'oh\\n'",
            "def complain():\n    print('oh')",
        ),
        Row(
            "what it reads from input()",
            CROSSES,
            "def asked():\n    return int(input('n: ')) + int(input())",
            "import io\nfrom unittest import mock\nwith mock.patch('sys.stdin', io.StringIO('20\\n22\\n')):\n"
            "    assert asked() == 42",
            "def asked():\n    return 1",
        ),
        Row(
            "list, dict, set changed in place",
            CROSSES,
            "def tidy(xs):\n    xs.sort()",
            "xs = [3, 1]\nassert tidy(xs) is None and xs == [1, 3]",
            "def tidy(xs):\n    xs = sorted(xs)",
        ),
        Row(
            "array and table changed in place",
            CROSSES,
            "def zero(a, df):\n    a[0] = 0\n    df['new'] = 1",
            "import numpy as np, pandas as pd\na, df = np.ones(2), pd.DataFrame({'v': [1]})\nzero(a, df)\n"
            "assert a.tolist() == [0, 1] and 'new' in df",
            "def zero(a, df): pass",
        ),
        Row(
            "arguments left as they were",
            CROSSES,
            "def smallest(xs):\n    return sorted(xs)[0]",
            "xs = [3, 1]\nassert smallest(xs) == 1 and xs == [3, 1]",
            "def smallest(xs):\n    xs.sort()\n    return xs[0]",
        ),
        Row(
            "global variable changed by a call",
            CROSSES,
            "visits = 0\ndef visit():\n    global visits\n    visits += 1",
            "visit()\nassert globals()['visits'] == 1",
            "visits = 0\ndef visit(): pass",
        ),
        Row(
            "global variable, before and after, by a driver",
            DRIVER,
            "level = 0\ndef up():\n    global level\n    level += 1",
            "# driver\ndef level_after(times):\n    for _ in range(times):\n        up()\n    return level\n\n"
            "assert level_after(3) == 3",
            "level = 0\ndef up(): pass",
        ),
        Row(
            "file that a call writes",
            DRIVER,
            "def save(text):\n    with open('note.txt', 'w') as file:\n        file.write(text)",
            "# driver\ndef saved(text):\n    save(text)\n    return open('note.txt').read()\n\nassert saved('ก') == 'ก'",
            "def save(text): pass",
        ),
        Row(
            "file that a call reads, hidden from learners",
            CROSSES,
            "def lines(name):\n    return len(open(name).readlines())",
            "assert lines('hidden.txt') == 2",
            "def lines(name):\n    return 0",
        ),
        Row(
            "open file",
            CROSSES,
            "def opened(name):\n    return open(name)",
            "assert [line.strip() for line in opened('hidden.txt')] == ['a', 'b']",
            "def opened(name):\n    return []",
        ),
        Row(
            "time that passes",
            CROSSES,
            "def quick(n):\n    return n * (n + 1) // 2",
            "import time\nbegan = time.monotonic()\nassert quick(10**6) == 500000500000\n"
            "assert time.monotonic() - began < 2",
            "def quick(n):\n    return 0",
        ),
    ],
    "Figures": [
        Row(
            "title and labels of axes",
            CROSSES,
            "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.set_title('ยอด')\nax.set_xlabel('เดือน')",
            "assert ax.get_title() == 'ยอด' and ax.get_xlabel() == 'เดือน' and ax.get_ylabel() == ''",
            "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()",
        ),
        Row(
            "points, colour and style of a line",
            CROSSES,
            "import matplotlib.pyplot as plt\nfig1, ax1 = plt.subplots()\nax1.plot([1, 2], [3, 4], 'r--', label='a')",
            "line = ax1.lines[0]\nassert line.get_ydata().tolist() == [3, 4] and line.get_color() == 'r'\n"
            "assert line.get_linestyle() == '--' and line.get_label() == 'a' and len(ax1.get_lines()) == 1",
            "import matplotlib.pyplot as plt\nfig1, ax1 = plt.subplots()\nax1.plot([1, 2], [4, 3])",
        ),
        Row(
            "heights and colours of bars",
            CROSSES,
            "import matplotlib.pyplot as plt\nfig2, ax2 = plt.subplots()\nax2.bar(['ก', 'ข'], [3, 5], color='green')",
            "from matplotlib.colors import to_hex\nassert [bar.get_height() for bar in ax2.patches] == [3, 5]\n"
            "assert to_hex(ax2.patches[0].get_facecolor()) == '#008000' and len(ax2.containers[0]) == 2\n"
            "assert [t.get_text() for t in ax2.get_xticklabels()] == ['ก', 'ข']",
            "import matplotlib.pyplot as plt\nfig2, ax2 = plt.subplots()\nax2.bar(['ก', 'ข'], [3, 4])",
        ),
        Row(
            "plt.gca() and plt.gcf() after their cell",
            CROSSES,
            "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.title('T')",
            "assert plt.gca().get_title() == 'T' and len(plt.gcf().axes) == 1 and len(plt.gca().lines) == 1",
            "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.show()",
        ),
        Row(
            "the same after %matplotlib inline",
            CROSSES,
            "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.bar(['a'], [5])\nplt.ylabel('Y')\nplt.show()",
            "assert plt.gca().get_ylabel() == 'Y' and plt.gca().patches[0].get_height() == 5\n"
            "assert len(plt.get_fignums()) == 1",
            "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.bar(['a'], [4])",
        ),
        Row(
            "figure that a function draws",
            CROSSES,
            "import matplotlib.pyplot as plt\ndef draw(xs):\n    plt.hist(xs, bins=3)\n    return plt.gca()",
            "drawn = draw([1, 2, 2, 3])\nassert sum(p.get_height() for p in drawn.patches) == 4\n"
            "assert len(plt.gca().patches) == 3",
            "import matplotlib.pyplot as plt\ndef draw(xs):\n    return plt.gca()",
        ),
        Row(
            "scatter points",
            CROSSES,
            "import matplotlib.pyplot as plt\nfig3, ax3 = plt.subplots()\nax3.scatter([1, 2], [3, 4])",
            "assert ax3.collections[0].get_offsets().tolist() == [[1, 3], [2, 4]]",
            "import matplotlib.pyplot as plt\nfig3, ax3 = plt.subplots()\nax3.scatter([1, 2], [4, 3])",
        ),
        Row(
            "legend, limits, scale, grid",
            CROSSES,
            "import matplotlib.pyplot as plt\nfig4, ax4 = plt.subplots()\nax4.plot([1, 10], label='a')\nax4.legend()\n"
            "ax4.set_xlim(0, 5)\nax4.set_yscale('log')",
            "assert [t.get_text() for t in ax4.get_legend().get_texts()] == ['a']\n"
            "assert ax4.get_xlim() == (0, 5) and ax4.get_yscale() == 'log'",
            "import matplotlib.pyplot as plt\nfig4, ax4 = plt.subplots()\nax4.plot([1, 10], label='a')",
        ),
        Row(
            "several axes, an array of them",
            CROSSES,
            "import matplotlib.pyplot as plt\nfig5, axs = plt.subplots(1, 2)\naxs[1].set_title('R')\nfig5.suptitle('S')",
            "assert axs.shape == (2,) and axs[1].get_title() == 'R' and len(fig5.axes) == 2\n"
            "assert fig5.get_suptitle() == 'S'",
            "import matplotlib.pyplot as plt\nfig5, axs = plt.subplots(1, 2)",
        ),
        Row(
            "fonts and sizes",
            CROSSES,
            "import matplotlib.pyplot as plt\nfig6, ax6 = plt.subplots(figsize=(4, 3))\nax6.set_title('t', fontsize=20)",
            "assert ax6.title.get_fontsize() == 20 and fig6.get_size_inches().tolist() == [4, 3]",
            "import matplotlib.pyplot as plt\nfig6, ax6 = plt.subplots()\nax6.set_title('t')",
        ),
        Row(
            "plot of a table",
            CROSSES,
            "import pandas as pd\nax7 = pd.DataFrame({'v': [1, 2]}).plot.bar()",
            "import matplotlib\nassert isinstance(ax7, matplotlib.axes.Axes) and len(ax7.patches) == 2",
            "ax7 = None",
        ),
        Row(
            "heat map or picture",
            CROSSES,
            "import matplotlib.pyplot as plt\nfig8, ax8 = plt.subplots()\nax8.imshow([[1, 2], [3, 4]])",
            "assert ax8.images[0].get_array().tolist() == [[1, 2], [3, 4]]",
            "import matplotlib.pyplot as plt\nfig8, ax8 = plt.subplots()",
        ),
        Row(
            "pixels of a figure",
            DRIVER,
            "import matplotlib.pyplot as plt\nfig9, ax9 = plt.subplots(figsize=(1, 1), dpi=50)\nfig9.set_facecolor('red')",
            "# driver\ndef corner():\n    import numpy as np\n    from matplotlib.backends.backend_agg import FigureCanvasAgg\n"
            "    canvas = FigureCanvasAgg(fig9)\n    canvas.draw()\n"
            "    return np.asarray(canvas.buffer_rgba())[0, 0].tolist()\n\nassert corner() == [255, 0, 0, 255]",
            "import matplotlib.pyplot as plt\nfig9, ax9 = plt.subplots(figsize=(1, 1), dpi=50)",
        ),
        Row(
            "drawing into their figure",
            CANNOT,
            "import matplotlib.pyplot as plt\nfig10, ax10 = plt.subplots()",
            "ax10.plot([1, 2])\nassert len(ax10.lines) == 1",
            "fig10, ax10 = None, None",
        ),
    ],
    "Randomness, place, manner": [
        Row(
            "random numbers with a fixed seed",
            CROSSES,
            "import random\ndef dice(seed):\n    return random.Random(seed).randint(1, 6)",
            "import random\nassert dice(5) == random.Random(5).randint(1, 6)",
            "def dice(seed):\n    return 0",
        ),
        Row(
            "a distribution, over many calls",
            CROSSES,
            "import random\ndef coin():\n    return random.random() < 0.5",
            "heads = sum(coin() for _ in range(300))\nassert 80 < heads < 220",
            "def coin():\n    return True",
        ),
        Row(
            "hidden inputs that differ at every attempt",
            CROSSES,
            "def doubled_all(xs):\n    return [2 * x for x in xs]",
            "import random\nATTEMPT_SEED = 1\nxs = random.Random(ATTEMPT_SEED).sample(range(1000), 5)\n"
            "assert doubled_all(xs) == [2 * x for x in xs]",
            "def doubled_all(xs):\n    return {137: 274}.get(xs[0])",
        ),
        Row(
            "whether a name exists",
            CROSSES,
            "answer_a = 1",
            "assert 'answer_a' in globals() and 'answer_z' not in globals()",
            "answer_b = 1",
        ),
        Row("%%time above a check", CROSSES, "timed = 1", "%%time\nassert timed == 1", "timed = 2"),
        Row(
            "await in a check",
            CROSSES,
            "waited = 1",
            "import asyncio\nawait asyncio.sleep(0)\nassert waited == 1",
            "waited = 2",
        ),
        Row(
            "partial credit by a number",
            CROSSES,
            "def sq(x):\n    return x * x",
            "sum(sq(x) == x * x for x in (3, 4)) / 2",
            "def sq(x):\n    return 2",
        ),
        Row(
            "shell commands and other magics in a check",
            CANNOT,
            "made = 1",
            "!true\nassert made == 1",
            "made = 2",
        ),
        Row(
            "replacing a name that their function uses",
            DRIVER,
            "rate = 0.1\ndef tax(x):\n    return x * rate",
            "# driver\ndef tax_at(new, x):\n    global rate\n    before, rate = rate, new\n    try:\n"
            "        return tax(x)\n    finally:\n        rate = before\n\nassert tax_at(0.5, 10) == 5",
            "rate = 0.1\ndef tax(x):\n    return x * 0.1",
        ),
    ],
}

ROWS = [row for rows in TABLE.values() for row in rows]


def page() -> str:
    """The page for authors."""
    lines = [INTRODUCTION]
    for title, rows in TABLE.items():
        lines += [f"## {title}", "", "| what is checked | how |", "|---|---|"]
        lines += [f"| {row.thing.replace('|', chr(92) + '|')} | {row.how} |" for row in rows]
        lines.append("")
    return "\n".join(lines) + ENDING


INTRODUCTION = """# What checks can see

Checks run in the examiner; the learner's code runs in another sandbox, and between the two goes data. This table says
how each thing comes to a check: it **crosses**, it crosses **by a driver**, or it **cannot** be checked. A check that
meets what cannot cross is not passed, and says why. Every row is a test (`tests/grading/crossing.py`, from which this
page is made), with a right and with a wrong answer.
"""

ENDING = """## Drivers

A driver is a function of yours that runs on the learner's side, marked by a comment in its first line or above it. It
is for what is no data: it does something with their objects and returns data, which the check compares.

```python
# driver
def popped(items):
    stack = Stack()
    for item in items:
        stack.push(item)
    return [stack.pop() for _ in items]


assert popped([1, 2]) == [2, 1]
### BEGIN HIDDEN TESTS
assert popped("abc") == ["c", "b", "a"]
### END HIDDEN TESTS
```

It stands in a set-up cell or in the public part of a check, and takes hidden values as arguments: its text is read on
the learner's side. What it returns is the learner's word, as any answer is. Functions of yours without the mark never
leave the examiner.

## What is asked of whom

- Data comes as a copy. A function comes as a proxy, and so do a class that your solution defines and its objects: to
  make one, call a method, read an attribute is to ask the learner's side; what comes back is data.
- An object is let through only where your own solution has one, by its text. A function that returns a number in your
  solution cannot return an object that agrees with every comparison: the check ends as "cannot be checked".
- Objects are never compared, ordered, hashed or copied here: the learner's own code would be what decides. Compare
  attributes, or use a driver. The same holds for `is` between containers: everything here is a copy.
- An iterator is asked for one item at a time, a million at most.
- Figures come as descriptions and can be read, not drawn into. `plt.gcf()` and `plt.gca()` are the learner's unless
  the check itself has drawn. What is open is closed at the end of each cell, as in Jupyter.
- A function that changes an argument which the same function of your solution leaves alone is checked with the change
  and without it, and must pass both.

## Inputs that differ at every attempt

Write `ATTEMPT_SEED = 2024` (any number) in a set-up cell or a check, and draw hidden inputs from it:
`random.Random(ATTEMPT_SEED)`. In Jupyter and in the run learners see it is the number you wrote; in the examiner it is
another one at every attempt, the same whenever that attempt is graded again. The learner's side never has it.

## Time

One answer may take a third of the exercise's `wall_seconds`. After a missed answer the rest of the checks have timed
out.
"""

if __name__ == "__main__":
    print(page(), end="")
