-- leaker.lua - keeps everything in a global and never lets go of any of it.
--
-- A program like this one ends well, and leaves all of it behind: its memory
-- is the host's to get back.

everything = {}

local function handle(request)
    local record = {
        id = request,
        text = ("request %d "):format(request):rep(5),
        answer = function() return request * 2 end,
    }
    everything[#everything + 1] = record -- "only for debugging"
    return record.answer()
end

for request = 1, 8000 do
    assert(handle(request) == request * 2)
end
assert(#everything == 8000)
print(("%d records kept, %.0f KiB in use"):format(#everything, collectgarbage("count")))
