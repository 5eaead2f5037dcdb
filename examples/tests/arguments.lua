-- Every program gets what follows `--` on the host's command line.
assert(arg[0]:find("arguments.lua$"))
assert(#arg == 2 and arg[1] == "one" and arg[2] == "two words")
assert(select("#", ...) == 2)
local first, second = ...
assert(first == "one" and second == "two words")
