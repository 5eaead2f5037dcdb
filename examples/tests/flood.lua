-- Writes more than the host is willing to hold, and is told so.
local text = ("f"):rep(1 << 20)
local ok, message
for _ = 1, 40 do
    ok, message = io.write(text)
    if not ok then break end
end
assert(not ok and message, "the output has no limit")
