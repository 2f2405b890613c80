"""A person's learning record: taken out, brought along from elsewhere, shown to whom that person decides."""
