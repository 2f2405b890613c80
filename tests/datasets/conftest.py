"""Data sets: a catalogue of somebody else's to import from."""

import threading

import pytest

from courses.datasets import fake_ckan


@pytest.fixture
def catalog(settings):
    catalog = fake_ckan.Catalog()
    with fake_ckan.server(catalog) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        settings.CKAN_SERVERS = [catalog.url]
        yield catalog
        server.shutdown()
        thread.join()
