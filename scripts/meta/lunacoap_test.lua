---@meta
-- The globals of specs that `lunacoap test` runs, for editors; the words of scripts/lunacoap/scenario.lua and
-- scripts/lunacoap/test.

---@type lunacoap.Ask
get = nil
---@type lunacoap.Ask
delete = nil
---@type lunacoap.Send
put = nil
---@type lunacoap.Send
post = nil
---@type lunacoap.Send
fetch = nil
---@type lunacoap.Send
patch = nil
---@type lunacoap.Send
ipatch = nil

---@param uri string
---@param options? lunacoap.AskOptions
---@return lunacoap.Observation
function observe(uri, options) end

---@param seconds number
function sleep(seconds) end

---Tries f again until it does not raise, and what it returns, if anything, is neither nil nor false; returns that.
---@param within number Seconds.
---@param f fun(): any
---@return any
function eventually(within, f) end

---Fails when a notification comes, of an observation or of all; or a message at a raw endpoint.
---@param within number Seconds.
---@param what? lunacoap.Observation|lunacoap.Endpoint
function nothing_arrives(within, what) end

---Settings for the client behind get, put ... until the spec is over.
---@param fields lunacoap.CoAPInit
function configure(fields) end

---Has f called when the spec, or the block around it, is over; the last comes first.
---@param f fun()
function at_end(f) end

---A UDP port that nobody has, for programs that must be told one.
---@return integer
function free_port() end

---Starts a program, which ends with the spec or block. It is ready when it prints a line that the pattern `ready`
---matches, or when it answers at the URI `ready`.
---@param wanted lunacoap.process.Wanted
---@return lunacoap.process.Process
function run_program(wanted) end

---Runs a script of lunacoap on a free port until it listens; it ends with the spec or block.
---@param path string
---@param settings? table<string, any> Properties and settings for its components.
---@param ... any What it finds in `arg`.
---@return lunacoap.test.Script
function run_script(path, settings, ...) end
