"""`aam registry`: token …, account …, publisher …, audit …: for operators, on the database of a server."""
