"""The commands behind the door, by what they are for. They parse, call the package and print."""
