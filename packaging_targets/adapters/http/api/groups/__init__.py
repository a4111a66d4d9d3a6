"""Operations by what they are about: each module has its functions, and the rows of the table that name them."""
