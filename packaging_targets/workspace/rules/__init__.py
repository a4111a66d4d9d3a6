"""Rules as folders: found, checked, loaded; and what their schemas say of the entries of target files."""
