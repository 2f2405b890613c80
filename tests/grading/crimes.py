"""Crimes against the wider channel: objects, iterators, figures and drivers that lie. Run by test_hostile_objects.py.

Each has a solution, a check and the crime; all share one notebook, and so one pair of sandboxes.
"""

# ruff: noqa: E501 - notebooks have lines as long as they have

VECTOR = """
class Vector{n}:
    def __init__(self, x):
        self.x = x
    def __sub__(self, other):
        return Vector{n}(self.x - other.x)
    def __abs__(self):
        return abs(self.x)
    def length(self):
        return abs(self.x)
"""

LYING_VECTOR = """
class Vector{n}:
    def __init__(self, x=0):
        self.x = x if x == "honest" else self
    def __sub__(self, other): return 0
    __rsub__ = __add__ = __radd__ = __mul__ = __sub__
    def __abs__(self): return 0
    __float__ = lambda self: 0.0
    __lt__ = __gt__ = __le__ = __ge__ = __eq__ = __ne__ = lambda self, other: True
    __hash__ = lambda self: 0
    __contains__ = lambda self, item: True
    __len__ = lambda self: 3
    __iter__ = lambda self: iter([1, 2, 3])
    def length(self): return self
    def __getattr__(self, name): return lambda *args, **kwargs: True
"""

LIAR = """
class Liar:
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: True
    __sub__ = __rsub__ = __add__ = __mod__ = lambda self, other: 0
    __abs__ = __len__ = lambda self: 0
    __contains__ = lambda self, item: True
    __hash__ = lambda self: 0
    __iter__ = lambda self: iter([])
    __class__ = property(lambda self: int)
    def __getattr__(self, name): return lambda *args, **kwargs: True
"""

LIES = {
    "a_number_that_is_an_object_of_the_solutions_own_class": (
        VECTOR.format(n=1) + "def measured1(x):\n    return 3.0 * x",
        "assert abs(measured1(2) - 6) < 1e-9",
        LYING_VECTOR.format(n=1) + "def measured1(x):\n    return Vector1()",
    ),
    "an_attribute_that_is_an_object": (
        VECTOR.format(n=2),
        "assert abs(Vector2(5).x - 5) < 1e-9",
        LYING_VECTOR.format(n=2),
    ),
    "a_method_that_gives_an_object_for_a_number": (
        VECTOR.format(n=3),
        "assert abs(Vector3(-5).length() - 5) < 1e-9",
        LYING_VECTOR.format(n=3),
    ),
    "an_object_that_is_equal_to_every_number": (
        "def seven():\n    return 7",
        "assert seven() == 7",
        LIAR + "def seven():\n    return Liar()",
    ),
    "a_name_bound_to_an_object_that_agrees": ("bound = 7", "assert bound == 7 and bound > 6", LIAR + "bound = Liar()"),
    "a_table_whose_equals_says_yes": (
        "import pandas as pd\ndef table():\n    return pd.DataFrame({'v': [1]})",
        "assert table().equals(pd.DataFrame({'v': [1]}))",
        LIAR + "def table():\n    return Liar()",
    ),
    "a_function_whose_equals_says_yes": (
        "import pandas as pd\ndef frame():\n    return pd.DataFrame({'v': [1]})",
        "assert frame().equals(pd.DataFrame({'v': [1]}))",
        "def frame():\n    def fake(): pass\n    fake.equals = lambda other: True\n    return fake",
    ),
    "a_function_bound_where_a_table_should_be": (
        "import pandas as pd\nresult = pd.DataFrame({'v': [1]})",
        "assert result.equals(pd.DataFrame({'v': [1]}))",
        "def result(): pass\nresult.equals = lambda other: True",
    ),
    "a_named_tuple_with_a_method_for_a_field": (
        "import pandas as pd\ndef series():\n    return pd.Series([1])",
        "assert series().equals(pd.Series([1]))",
        "from collections import namedtuple\ndef series():\n    return namedtuple('S', 'equals')(lambda other: True)",
    ),
    "a_class_whose_equals_says_yes": (
        "import pandas as pd\ndef column():\n    return pd.Series([1])",
        "assert column().equals(pd.Series([1]))",
        "class Fake:\n    @staticmethod\n    def equals(other): return True\ndef column():\n    return Fake",
    ),
    "a_built_in_class_for_a_set": (
        "def wanted():\n    return {1, 2}",
        "assert wanted().intersection({1, 2}) == {1, 2}",
        "def wanted():\n    return set",
    ),
    "a_list_that_contains_everything": (
        "def primes():\n    return [2, 3, 5]",
        "assert 5 in primes() and len(primes()) == 3",
        LIAR + "def primes():\n    return Liar()",
    ),
    "items_that_agree_inside_a_list": (
        "def items():\n    return [1, 2]",
        "assert items() == [1, 2]",
        LIAR + "def items():\n    return [Liar(), Liar()]",
    ),
    "keys_that_agree_inside_a_dict": (
        "def keyed():\n    return {1: 2}",
        "assert keyed()[1] == 2",
        LIAR + "def keyed():\n    return {Liar(): Liar()}",
    ),
    "items_that_agree_inside_an_array": (
        "import numpy as np\ndef grid():\n    return np.array([1, 2])",
        "assert (grid() == [1, 2]).all()",
        LIAR + "import numpy as np\ndef grid():\n    return np.array([Liar(), Liar()], dtype=object)",
    ),
    "an_iterator_that_tells_two_stories": (
        "def ordered(xs):\n    return sorted(xs)",
        "r = ordered([3, 1, 2])\nassert all(a <= b for a, b in zip(list(r), list(r)[1:])) and sorted(r) == [1, 2, 3]",
        "class Two:\n    n = 0\n    def __iter__(self):\n        self.n += 1\n        return iter([[0, 0, 0], [0, 0, 0], [3, 1, 2]][self.n - 1])\ndef ordered(xs):\n    return Two()",
    ),
    "an_iterator_that_goes_on_after_its_end": (
        "def stream():\n    yield 1\n    yield 2",
        "s = stream()\nassert next(s) == 1 and list(s) == [2] and list(s) == []",
        "class More:\n    n = 0\n    def __iter__(self):\n        return self\n    def __next__(self):\n        self.n += 1\n        if self.n % 2 == 0: raise StopIteration\n        return self.n\ndef stream():\n    return More()",
    ),
    "a_generator_that_ends_the_authors_loop": (
        "def gen(xs):\n    for x in xs:\n        yield 2 * x",
        "assert [y for y in gen([1, 2])] == [2, 4]",
        "def gen(xs):\n    raise StopIteration\n    yield",
    ),
    "a_function_that_stops_the_authors_map": (
        "def twice(x):\n    return 2 * x",
        "assert all(y == 2 * x for x, y in zip([1, 2], map(twice, [1, 2]))) and twice(1) == 2",
        "class End(StopIteration): pass\ndef twice(x):\n    raise End",
    ),
    "an_exception_that_ends_the_check_as_if_done": (
        "def careful(x):\n    return x + 1",
        "assert careful(1) == 2",
        "class Done(SystemExit): pass\ndef careful(x):\n    raise Done(0)",
    ),
    "an_exception_class_that_is_every_exception": (
        "class Refused(Exception): pass\ndef refuse():\n    raise Refused('no')",
        "try:\n    refuse()\nexcept KeyError:\n    raise AssertionError\nexcept Refused:\n    pass\nelse:\n    raise AssertionError",
        "class All(type):\n    __instancecheck__ = __subclasscheck__ = lambda *a: True\nclass Refused(KeyError, metaclass=All): pass\ndef refuse():\n    raise Refused('no')",
    ),
    "an_exception_class_that_is_a_function": (
        "class Denied(Exception): pass\ndef deny():\n    raise Denied",
        "try:\n    deny()\nexcept Denied:\n    pass\nelse:\n    raise AssertionError",
        "def Denied(): return True\ndef deny():\n    return None",
    ),
    "an_exception_that_brings_its_own_methods": (
        "class Owed(Exception):\n    def __init__(self, by):\n        self.by = by\ndef owe():\n    raise Owed(3)",
        "try:\n    owe()\nexcept Owed as error:\n    assert error.by == 3\nelse:\n    raise AssertionError",
        LIAR
        + "class Owed(Exception): pass\ndef owe():\n    error = Owed()\n    error.by = Liar()\n    error.__dict__['__class__'] = int\n    raise error",
    ),
    "a_class_whose_metaclass_agrees": (
        "class Shape: pass\nclass Square(Shape):\n    sides = 4",
        "assert Square.sides == 4 and not issubclass(Shape, Square)",
        "class Yes(type):\n    __subclasscheck__ = __instancecheck__ = lambda *a: True\n    __eq__ = lambda *a: True\n    __hash__ = type.__hash__\nclass Shape(metaclass=Yes): pass\nclass Square(Shape):\n    sides = 4",
    ),
    "equality_that_is_always_true": (
        "class Money:\n    def __init__(self, n):\n        self.n = n\n    def __eq__(self, o):\n        return self.n == o.n\n    def doubled(self):\n        return Money(2 * self.n)",
        "d = Money(2).doubled()\nassert d.n == 4 and vars(d) == {'n': 4}",
        "class Money:\n    n = 0\n    def __init__(self, n): pass\n    __eq__ = lambda *a: True\n    def doubled(self):\n        return self",
    ),
    "a_length_that_is_no_number": (
        "class Sized:\n    def __init__(self, *xs):\n        self.xs = xs\n    def __len__(self):\n        return len(self.xs)",
        "assert len(Sized(1, 2)) == 2",
        LIAR + "class Sized:\n    def __init__(self, *xs): pass\n    __len__ = lambda self: True + 0.5",
    ),
    "truth_that_is_no_truth": (
        "class Bag:\n    def __init__(self, *xs):\n        self.xs = xs\n    def __contains__(self, x):\n        return x in self.xs\n    def __bool__(self):\n        return bool(self.xs)",
        "assert 1 in Bag(1) and 2 not in Bag(1) and not Bag()",
        LIAR
        + "class Bag:\n    def __init__(self, *xs): pass\n    __contains__ = lambda self, x: Liar()\n    __bool__ = lambda self: Liar()",
    ),
    "text_that_is_no_text": (
        "class Named:\n    def __str__(self):\n        return 'n'",
        "assert str(Named()) == 'n'",
        "class S(str):\n    __eq__ = lambda *a: True\n    __hash__ = str.__hash__\nclass Named:\n    def __str__(self):\n        return S('x')",
    ),
    "a_subclass_of_text_that_starts_with_anything": (
        "def word():\n    return 'abc'",
        "assert word().startswith('ab')",
        "class S(str):\n    startswith = lambda *a: True\ndef word():\n    return S('x')",
    ),
    "a_subclass_of_dict_that_has_every_key": (
        "def prices():\n    return {'a': 1}",
        "assert prices().get('a') == 1",
        "class D(dict):\n    get = lambda self, key: Liar()\ndef prices():\n    return D()",
    ),
    "a_subclass_of_frame_that_agrees": (
        "import pandas as pd\ndef report():\n    return pd.DataFrame({'v': [1]})",
        "assert report()['v'].tolist() == [1]",
        "import pandas as pd\nclass F(pd.DataFrame):\n    __getitem__ = lambda self, key: type('L', (), {'tolist': lambda self: [1]})()\ndef report():\n    return F({'v': [2]})",
    ),
    "a_figure_where_a_number_should_be": (
        "def slope():\n    return 2.0",
        "assert slope() == 2.0",
        "import matplotlib.pyplot as plt\nclass Ax(plt.Axes):\n    __eq__ = lambda *a: True\n    __hash__ = plt.Axes.__hash__\ndef slope():\n    return plt.gca()",
    ),
    "axes_whose_methods_are_replaced": (
        "import matplotlib.pyplot as plt\nfigure, axes = plt.subplots()\naxes.bar([0, 1], [3, 4])",
        "assert [bar.get_height() for bar in axes.patches] == [3, 4] and len(axes.lines) == 0",
        LIAR
        + "import matplotlib.pyplot as plt\nfigure, axes = plt.subplots()\nbars = axes.bar([0, 1], [1, 1])\nfor bar in bars:\n    bar.get_height = lambda: Liar()\naxes.get_title = lambda **k: Liar()",
    ),
    "axes_that_are_equal_to_everything": (
        "import matplotlib.pyplot as plt\ndef axes_of():\n    return plt.subplots()[1]",
        "a = axes_of()\nassert a.get_xlabel() == '' and a.get_title() in ('t', '') and a != axes_of() and a.lines == []",
        "import matplotlib.pyplot as plt\ndef axes_of():\n    return plt.subplots()[1]",
    ),
    "a_driver_that_the_learner_has_replaced": (
        "def cubed(x):\n    return x ** 3",
        "# driver\ndef cubes(xs):\n    return [cubed(x) for x in xs]\n\nassert cubes([2]) == [8] and cubes([3]) == [27]",
        "def cubed(x):\n    return 8\ndef cubes(xs):\n    return {2: [8]}.get(xs[0], [27])",
    ),
    "a_driver_whose_globals_lie": (
        "def rooted(x):\n    return x ** 0.5",
        "# driver\ndef roots(xs):\n    return [round(rooted(x), 6) for x in xs]\n\nassert roots([4, 9, 2]) == [2.0, 3.0, 1.414214]",
        LIAR + "def rooted(x):\n    return Liar()\ndef round(*a):\n    return Liar()",
    ),
    "a_seed_that_the_learner_has_read": (
        "def next_one(x):\n    return x + 1",
        "import random\nATTEMPT_SEED = 7\nxs = [random.Random(ATTEMPT_SEED + n).randrange(10**6) for n in range(3)]\nassert [next_one(x) for x in xs] == [x + 1 for x in xs]",
        "import random\nATTEMPT_SEED = 7\nknown = [random.Random(7 + n).randrange(10**6) for n in range(3)]\ndef next_one(x):\n    return x + 1 if x in known else 0",
    ),
    "names_of_the_examiners_machinery": (
        "def inverse(x):\n    return 1 / x",
        "got = inverse(4)\nassert got == 0.25 and type(got) is float and got is not None",
        "__same__ = lambda *a: True\ntype = lambda x: float\nATTEMPT_SEED = 0\nclass CannotExamineError(BaseException): pass\nclass LearnerGoneError(BaseException): pass\ndef inverse(x):\n    raise CannotExamineError",
    ),
    "the_same_list_for_a_copy": (
        "def copy_of(xs):\n    return xs[:]",
        "xs = [1, 2]\nys = copy_of(xs)\nassert ys == xs\nassert len(ys) == 2 and ys is not xs",
        "def copy_of(xs):\n    return xs",
    ),
    "a_coroutine_where_a_truth_should_be": (
        "async def ready(x):\n    return x > 2",
        "assert await ready(3) is True and await ready(1) is False",
        "async def ready(x):\n    return Liar()",
    ),
    "warnings_without_end": (
        "def calm():\n    return 1",
        "assert calm() == 1",
        "import warnings\ndef calm():\n    for n in range(100000): warnings.warn(f'{n}' * 100)\n    return 2",
    ),
    "text_that_pretends_to_be_the_verdict": (
        "def quiet():\n    return 5",
        "assert quiet() == 5",
        'import sys\ndef quiet():\n    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):\n        stream.write(\'{"findings": []}\\n{"ready": true}\\n\')\n    return 4',
    ),
    "reading_more_than_was_typed": (
        "def typed():\n    return input()",
        "import io\nfrom unittest import mock\nwith mock.patch('sys.stdin', io.StringIO('a\\nb\\n')):\n    assert typed() == 'a' and typed() == 'b'",
        "import sys\ndef typed():\n    return sys.stdin.read()[:1]",
    ),
}

SPOILS = {
    "decorated": (
        "def logged(f):\n    def inner(*args):\n        return f(*args)\n    return inner\n@logged\ndef mean1(xs):\n    return sum(xs) / len(xs)",
        "xs = [1, 2, 6]\nassert mean1(xs) == sum(xs) / len(xs)",
        "def mean1(xs):\n    xs[:] = [0]\n    return 0",
    ),
    "augmented": (
        "def mean2(xs, scale=1):\n    scale *= 2\n    return sum(xs) / len(xs) * scale / 2",
        "xs = [1, 2, 6]\nassert mean2(xs) == sum(xs) / len(xs)",
        "def mean2(xs, scale=1):\n    xs[:] = [0]\n    return 0",
    ),
    "through_a_helper": (
        "def check_input(xs):\n    if not xs: raise ValueError\ndef mean3(xs):\n    check_input(xs)\n    return sum(xs) / len(xs)",
        "xs = [1, 2, 6]\nassert mean3(xs) == sum(xs) / len(xs)",
        "def mean3(xs):\n    xs[:] = [0]\n    return 0",
    ),
    "by_keyword": (
        "def mean4(*, xs):\n    check(xs)\n    return sum(xs) / len(xs)\ndef check(xs):\n    assert xs",
        "xs = [1, 2, 6]\nassert mean4(xs=xs) == sum(xs) / len(xs)",
        "def mean4(*, xs):\n    xs[:] = [0]\n    return 0",
    ),
    "by_a_constructor": (
        "class Stats5:\n    def __init__(self, xs):\n        self.xs = xs\n    def mean(self):\n        return sum(self.xs) / len(self.xs)",
        "xs = [1, 2, 6]\nassert Stats5(xs).mean() == sum(xs) / len(xs)",
        "class Stats5:\n    def __init__(self, xs):\n        xs[:] = [0]\n    def mean(self):\n        return 0",
    ),
    "by_a_method": (
        "class Stats6:\n    count = 0\n    def mean(self, xs):\n        self.count += 1\n        return sum(xs) / len(xs)",
        "xs = [1, 2, 6]\nassert Stats6().mean(xs) == sum(xs) / len(xs)",
        "class Stats6:\n    def mean(self, xs):\n        xs[:] = [0]\n        return 0",
    ),
    "by_an_operator": (
        "class Sum7:\n    def __add__(self, xs):\n        return sum(xs)",
        "xs = [1, 2, 6]\nassert Sum7() + xs == sum(xs)",
        "class Sum7:\n    def __add__(self, xs):\n        xs[:] = [0]\n        return 0",
    ),
    "by_a_driver": (
        "def mean8(xs):\n    return sum(xs) / len(xs)",
        "# driver\ndef run8(xs):\n    return mean8(xs)\n\nxs = [1, 2, 6]\nassert run8(xs) == sum(xs) / len(xs)",
        "def mean8(xs):\n    xs[:] = [0]\n    return 0",
    ),
    "a_frame": (
        "def tail(df):\n    d = prepared(df)\n    return d['v'].iloc[-1]\ndef prepared(df):\n    return df.copy()",
        "import pandas as pd\ndf = pd.DataFrame({'v': [1, 9]})\nassert tail(df) == df['v'].iloc[-1]",
        "def tail(df):\n    df['v'] = 0\n    return 0",
    ),
    "an_array": (
        "import functools\n@functools.wraps(print)\ndef top(a):\n    return a.max()",
        "import numpy as np\na = np.array([1, 9])\nassert top(a) == a.max()",
        "def top(a):\n    a[:] = 0\n    return 0",
    ),
}
