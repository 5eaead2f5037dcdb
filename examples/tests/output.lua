-- All ways to write, which come out as whole lines in the right order.
print("print", 1, nil, true)
io.write("io.", "write", "\n")
io.stdout:write("io."):write("stdout\n")
io.stderr:write("io.stderr\n")
print(setmetatable({}, { __tostring = function() return "__tostring" end }))
assert(io.type(io.stdout) == "file" and io.output() == io.stdout)
assert(io.stdout:setvbuf("full"))
for i = 1, 3 do
    io.write(i, " ")
    for _ = 1, 300000 do end -- several slices
end
print()
assert(io.stdout:setvbuf("no"))
local ok, message = io.stdout:close()
assert(not ok and message == "cannot close standard file")
assert(not io.close())
io.stdout = nil
collectgarbage()
print("\nan empty line")
io.write("no newline")
