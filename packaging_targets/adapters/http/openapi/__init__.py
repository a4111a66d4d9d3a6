"""The OpenAPI document, which is made from the table of operations."""
