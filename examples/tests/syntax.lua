-- Is not Lua.
local sum = = 3
