"""What a server keeps in SQL: SQLite for one machine, PostgreSQL for any number of replicas."""
