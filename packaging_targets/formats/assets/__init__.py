"""`assets.pa`: the pack, its banks of tiles and sounds, and what it is made from."""
