"""The library of data sets: described as government catalogs do, with local copies that exercises are made from."""
