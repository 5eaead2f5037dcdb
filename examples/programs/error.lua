-- error.lua - gets half way and then trips over its own data.
--
-- What it had allocated and opened at that moment stays as it was; nobody
-- cleans up after it but the host.

local stock = {}
for i = 1, 2000 do
    stock[i] = { name = "part " .. i, price = i * 1.5 }
end
stock[1234].price = nil

local function total(parts)
    local sum = 0
    for _, part in ipairs(parts) do
        sum = sum + part.price -- fails at part 1234
    end
    return sum
end

-- Errors that are expected are no trouble.
local ok, message = pcall(error, { code = 42 })
assert(not ok and message.code == 42)

print("adding up the stock")
print("the sum is", total(stock))
