-- bomb.lua - allocates without end.
--
-- It is told "not enough memory" at its own quota.  It even survives that
-- once, to see that what it had is still whole; then it goes on, and ends by
-- the error.

local function fill(kept)
    while true do
        kept[#kept + 1] = ("x"):rep(1000) .. #kept
    end
end

local kept = {}
local ok, message = pcall(fill, kept)
assert(not ok and message == "not enough memory")
for _ = 1, 50 do kept[#kept] = nil end -- room for what follows
for i, text in ipairs(kept) do
    assert(text == ("x"):rep(1000) .. i - 1)
end
print(("out of memory after %d strings, all of them whole"):format(#kept))

fill(kept)
