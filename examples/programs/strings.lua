-- strings.lua - strings built, cut, replaced and joined in every usual way.
--
-- Each step makes strings of another size and life: one that grows by a bit
-- at a time, thousands of short ones, and a few of some hundred kilobytes.

-- Growing by concatenation: every step copies all.
local grown = ""
for i = 1, 2000 do grown = grown .. i % 10 end
assert(#grown == 2000 and grown:sub(1, 11) == "12345678901")

-- Many pieces, joined at once.
local pieces = {}
for i = 1, 20000 do pieces[i] = ("%05d"):format(i) end
local joined = table.concat(pieces, ",")
assert(#joined == 20000 * 6 - 1)
assert(joined:sub(-5) == "20000")

-- Cut into words again, counted in a table.
local sum = 0
for word in joined:gmatch("%d+") do sum = sum + tonumber(word) end
assert(sum == 20000 * 20001 // 2)

-- Replaced with a string, a table and a function.
local text = ("the quick brown fox jumps over the lazy dog. "):rep(200)
local shout, changed = text:gsub("%f[%a]the%f[%A]", "THE")
assert(changed == 400 and select(2, shout:gsub("THE", "")) == 400)
local swapped = text:gsub("%a+", { fox = "dog", dog = "fox" })
assert(swapped:find("brown dog", 1, true) and swapped:find("lazy fox", 1, true))
local upper = text:gsub("%f[%a]%a", string.upper)
assert(upper:sub(1, 9) == "The Quick")
assert(text:reverse():reverse() == text)

-- A word count, and the same by hand.
local words = {}
for word in text:gmatch("%a+") do words[word] = (words[word] or 0) + 1 end
assert(words.the == 400 and words.fox == 200)

-- Large ones: each doubling lives beside its half.
local large = "x"
for _ = 1, 18 do large = large .. large end
assert(#large == 1 << 18 and not large:find("[^x]"))

-- Packed numbers come back as what they were.
local packed = {}
for i = 1, 5000 do packed[i] = string.pack("<i4d", i, i / 3) end
local all, at = table.concat(packed), 1
for i = 1, 5000 do
    local n, third
    n, third, at = string.unpack("<i4d", all, at)
    assert(n == i and third == i / 3)
end
print(("%d bytes joined, %d in one string, all as expected"):format(#joined, #large))
