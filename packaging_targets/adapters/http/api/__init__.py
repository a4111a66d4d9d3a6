"""The operations of the API, by what they are about; `table.py` has all of them."""
