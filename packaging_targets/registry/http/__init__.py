"""What every client of a registry needs of HTTP, each rule once.

`addresses` are origins, `messages` what is asked and answered, `transport` carries one request and repeats it where
that is safe, `download` brings what has a digest here whole, `faults` says what went wrong.
"""
