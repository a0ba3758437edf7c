---@meta lunacoap
-- Made by spec/surface.lua from the tables of the runtime; changes here are lost.

---@class lunacoap
---@field VERSION string
---@field linkformat lunacoap.linkformat
---@field cbor lunacoap.cbor
---@field json lunacoap.json
---@field message lunacoap.message
---@field capture lunacoap.capture
---@field process lunacoap.process
---@field Method lunacoap.Method A method's number.
---@field MethodName lunacoap.MethodName A method's name by its number.
---@field Code lunacoap.Code A response code such as "2.05".
---@field CodeName lunacoap.CodeName A code's name, such as "Content".
---@field ContentFormat lunacoap.ContentFormat A content-format's number by its media type.
---@field ContentFormatName lunacoap.ContentFormatName A content-format's media type by its number.
---@field OptionNumber lunacoap.OptionNumber An option's number by its name.
---@field OptionName lunacoap.OptionName An option's name by its number.
---@field StoreType lunacoap.StoreType The kinds of certificate stores.
---@field ValueType lunacoap.ValueType How an option's Value is written.
---@field directory lunacoap.directory Registers with a CoRE Resource Directory, and looks up what is in it.
---@field csv lunacoap.csv Tables of comma-separated values, as rows by the names of their columns.
---@field faults lunacoap.faults Makes the settings for what goes wrong on purpose with datagrams.
---@field fleet lunacoap.fleet Makes simulated devices, which behave like devices.
---@field format lunacoap.format Content-formats by number or name; payloads to and from Lua values.
---@field ladder lunacoap.ladder Captured datagrams as text: who sent what to whom, and when.
---@field response lunacoap.response Makes a response for a handler of lunacoap.server to return or to raise.
---@field scenario lunacoap.scenario The words of tests: requests, observations, patience; what is cleaned up after them.
---@field senml lunacoap.senml Sensor Measurement Lists in JSON and CBOR.
---@field sensor lunacoap.sensor Makes signals: the values of simulated sensors over time.
---@field server lunacoap.server Makes a resource server.
local lunacoap = {}

---Makes a component; the table holds properties, settings and handlers to set at once.
---@param init? lunacoap.CoAPInit
---@return lunacoap.CoAP
function lunacoap.CoAP(init) end

---Makes an option for RequestOptions or ResponseOptions.
---@param number? integer
---@param value? string|number
---@return lunacoap.CoAPOption
function lunacoap.CoAPOption(number, value) end

---Makes a certificate: empty, of (encoded), or of (storeType, store[, password, subject]).
---@param ... any
---@return lunacoap.Certificate
---@overload fun(): lunacoap.Certificate
---@overload fun(encoded: string): lunacoap.Certificate
---@overload fun(storeType: integer, store: string, password?: string, subject?: string): lunacoap.Certificate
function lunacoap.Certificate(...) end

---Opens a raw UDP endpoint, which sends and receives datagrams as they are.
---@param init? lunacoap.EndpointInit
---@return lunacoap.Endpoint
function lunacoap.endpoint(init) end

---Runs f as the main task and the loop to its end, for the stock lua5.4; returns the exit status.
---@param f? function
---@param ... any
---@return integer?
function lunacoap.run(f, ...) end

---Ends the program after this turn of the loop.
---@param code? integer
function lunacoap.stop(code) end

---Runs f as a task of its own; the result has cancel(), ended() and wait().
---@param f function
---@param ... any
---@return lunacoap.Task
function lunacoap.spawn(f, ...) end

---Suspends this task while the loop goes on.
---@param seconds number
function lunacoap.sleep(seconds) end

---Calls f and returns what it returns; raises error 301 in f, waiting or computing, when the time is over.
---@param seconds number
---@param f function
---@param ... any
---@return any ...
function lunacoap.limit(seconds, f, ...) end

---Calls f after some seconds, and then every so many (nil or 0: once); its result has stop() and again(after).
---@param after number
---@param repeat_every number|nil
---@param f fun()
---@return lunacoap.Timer
function lunacoap.timer(after, repeat_every, f) end

---Eight bytes that depend on the bytes alone, everywhere and always: an ETag for them.
---@param bytes string
---@return string
function lunacoap.etag(bytes) end

---The files of a folder, and nothing outside of it; or nil, what is wrong and its number, as io.open.
---@param path string
---@return lunacoap.Folder?, string?, integer?
function lunacoap.folder(path) end

---Whether a file such as io.stdout is a terminal, and how many columns it has if that is known.
---@param file file*
---@return boolean, integer?
function lunacoap.isatty(file) end

---The one of some words that a mistyped one was most likely meant to be; nil when none is near.
---@param word string
---@param words string[]
---@return string?
function lunacoap.nearest(word, words) end

---How many files the process may have open, each socket being one; raises the limit to what is wanted, as far as the system lets it.
---@param wanted? integer
---@return integer
function lunacoap.descriptors(wanted) end

---What all components of the process have counted together, those that are closed too.
---@return lunacoap.Statistics
function lunacoap.statistics() end

---For xpcall: makes an error object, with its place, of a text; what is no text stays as it is.
---@param raised any
---@return any
function lunacoap.traceback(raised) end

---Seconds on a clock that is never set back.
---@return number
function lunacoap.now() end

---Runs f in virtual time: the clock leaps to what is due next, and sockets opened meanwhile reach each other only; a seed of the random numbers may stand before f (1). Returns f's results.
---@param f function
---@param ... any
---@return any
---@overload fun(seed: integer, f: function, ...: any): any
function lunacoap.virtual(f, ...) end

---Calls f when a signal such as "SIGHUP" comes; without f it does what it did before.
---@param name string
---@param f? fun()
function lunacoap.signal(name, f) end

---CoRE Link Format (RFC 6690).
---@class lunacoap.linkformat
local linkformat = {}

---Links from link-format text, or nil and what is wrong with it.
---@param text string
---@return lunacoap.Link[]?, string?
function linkformat.parse(text) end

---Link-format text from links.
---@param links lunacoap.Link[]
---@return string
function linkformat.format(links) end

---The links of a text that match a query such as "rt=temp*".
---@param text string
---@param query string
---@return string?, string?
function linkformat.filter(text, query) end

---A byte string; #b is its length, equal ones are the same object.
---@class lunacoap.cbor.Bytes
---@field value string The bytes.

---A value with a tag.
---@class lunacoap.cbor.Tagged
---@field tag integer The tag.
---@field value any The value.

---A simple value without a name of its own.
---@class lunacoap.cbor.Simple
---@field value integer Its number.

---CBOR (RFC 8949): a table whose keys are 1, 2, 3 ... is an array, another one a map.
---@class lunacoap.cbor
---@field null lightuserdata CBOR's null, and JSON's.
---@field undefined lunacoap.cbor.Simple CBOR's undefined.
local cbor = {}

---The value in deterministic CBOR; raises for what CBOR has nothing for.
---@param value any
---@return string
function cbor.encode(value) end

---The value of one item, or nil and what is wrong with it, at which byte.
---@param bytes string
---@return any, string?
function cbor.decode(bytes) end

---One item in diagnostic notation, or nil and what is wrong with it; with indent on several lines.
---@param bytes string
---@param indent? integer
---@return string?, string?
function cbor.diagnose(bytes, indent) end

---A byte string: a Lua string is text if it is UTF-8.
---@param s string
---@return lunacoap.cbor.Bytes
function cbor.bytes(s) end

---A value with a tag; one above 2^63-1 is the negative integer of the same 64 bits.
---@param tag integer
---@param value any
---@return lunacoap.cbor.Tagged
function cbor.tagged(tag, value) end

---A simple value by its number.
---@param n integer
---@return boolean|lightuserdata|lunacoap.cbor.Simple
function cbor.simple(n) end

---Marks a table, or a new one, as an array even when it is empty; also in JSON.
---@param t? table
---@return table
function cbor.array(t) end

---Marks a table, or a new one, as a map even when its keys are 1, 2, 3 ...
---@param t? table
---@return table
function cbor.map(t) end

---What made a value: "bytes", "tagged", "simple", "array" or "map"; nil for all others.
---@param value any
---@return string?
function cbor.type(value) end

---JSON (RFC 8259); tables are arrays or objects as in CBOR.
---@class lunacoap.json
---@field null lightuserdata JSON's null, and CBOR's.
local json = {}

---The value as JSON, keys in order; raises for what JSON has nothing for.
---@param value any
---@return string
function json.encode(value) end

---The value of a text, or nil and what is wrong with it, at which byte.
---@param text string
---@return any, string?
function json.decode(text) end

---The text on several lines, keys in the order of the text, or nil and what is wrong with it.
---@param text string
---@return string?, string?
function json.pretty(text) end

---Marks a table, or a new one, as an array even when it is empty; also in CBOR.
---@param t? table
---@return table
function json.array(t) end

---An option that was received.
---@class lunacoap.message.Option
---@field Number integer Which option.
---@field Name? string Its name, if it is a known one.
---@field Value string Its bytes.

---A message taken apart; message.encode gives its bytes back.
---@class lunacoap.message.Message
---@field version integer 1.
---@field type string "CON", "NON", "ACK" or "RST".
---@field code string Such as "0.01" or "2.05".
---@field id integer The Message ID.
---@field token string Its bytes.
---@field options lunacoap.message.Option[] In the order of arrival.
---@field payload string Its bytes.

---What message.encode takes; the last five are for illegal messages.
---@class lunacoap.message.Fields
---@field type? string|integer "CON" unless given.
---@field code? string|integer Such as "GET", "Content", "2.05" or 69; an Empty message needs none.
---@field id integer The Message ID.
---@field token? string Its bytes.
---@field options? table[] Each { name or number, value }: bytes, an integer, or a block { num =, more =, size = }.
---@field payload? string Its bytes.
---@field version? integer 0 to 3.
---@field token_length? integer What the header says, 0 to 15, whatever the token has.
---@field option_bytes? string Bytes that stand behind the options.
---@field marker? boolean Whether the payload marker is there, whatever the payload is.
---@field tail? string Bytes that stand at the end.

---CoAP messages as tables and bytes (RFC 7252 section 3), illegal ones on purpose too.
---@class lunacoap.message
local message = {}

---The bytes of a message; raises for a table that describes none.
---@param fields lunacoap.message.Fields
---@return string
function message.encode(fields) end

---A message taken apart, or nil and what is wrong with it, at which byte.
---@param bytes string
---@return lunacoap.message.Message?, string?
function message.decode(bytes) end

---A message in one line, with what is wrong with it if it is malformed.
---@param bytes string
---@return string
function message.describe(bytes) end

---One datagram; over DTLS another one tells what it held.
---@class lunacoap.capture.Datagram
---@field number integer The first one has 1.
---@field time number When, by lunacoap.now().
---@field direction "sent"|"received" Seen from the component.
---@field local_address string The component's address, such as 127.0.0.1:5683.
---@field remote string The other one's.
---@field data string The bytes.
---@field secure? boolean Whether these are what DTLS protected, in clear.
---@field fate? "dropped" What became of it; nil: it went on.
---@field comment? string What faults did to it.

---The datagrams that all components send and receive, in memory and in pcapng files.
---@class lunacoap.capture
local capture = {}

---Keeps the last n datagrams, 0 forgets them; returns how many were kept before.
---@param n? integer
---@return integer
function capture.keep(n) end

---The number of the next datagram.
---@return integer
function capture.mark() end

---The datagrams that are kept, from a number on, the oldest first: what one component has sent and received, or all.
---@param since? integer
---@param coap? lunacoap.CoAP
---@return lunacoap.capture.Datagram[]
function capture.list(since, coap) end

---Writes the datagrams that are kept to a pcapng file, with the secrets of DTLS sessions.
---@param path string
function capture.write(path) end

---Writes all datagrams to a pcapng file from now on; nil closes it, and raises if it was cut.
---@param path string|nil
function capture.file(path) end

---What start takes: the program and its arguments as a list, and these.
---@class lunacoap.process.Wanted
---@field [integer] string|number The program, looked for in PATH, and its arguments.
---@field ready? string A Lua pattern for a line of output: what is waited for.
---@field within? number Seconds to wait for that. Default: 10.
---@field env? table<string, string|number|false> Changes of the environment; false takes a name out.
---@field cwd? string The folder in which it starts.

---A program that was started. `<close>` and the collector end it.
---@class lunacoap.process.Process
---@field pid integer Its process id, and that of its group.
---@field running boolean Whether it has not ended yet.
---@field output string What it has printed on standard output and standard error: the last 256 KiB.
---@field code integer|nil Its exit status, when it has ended by itself.
---@field killed_by string|nil The signal that ended it, such as "SIGKILL".
---@field expect fun(self, pattern: string, within?: number): string ... Waits for the next line that a Lua pattern matches, and returns what it captures.
---@field wait fun(self, within?: number): integer|nil, string|nil Waits for its end; returns the exit status, or nil and the signal that ended it.
---@field signal fun(self, name: string) Sends a signal such as "SIGHUP" to it and to its group.
---@field stop fun(self, grace?: number): integer|nil, string|nil Ends it by SIGTERM, after grace (5) seconds by SIGKILL; returns what wait does.
---@field close fun(self) Ends it at once: half a second after SIGTERM comes SIGKILL.

---Programs that a script starts; they end with it.
---@class lunacoap.process
local process = {}

---Starts a program, and waits for its line `ready` if there is one; raises when that does not come.
---@param wanted lunacoap.process.Wanted
---@return lunacoap.process.Process
function process.start(wanted) end

---Client and server in one.
---@class lunacoap.CoAP
---@field Listening boolean Whether the component is a server; assigning it calls StartListening or StopListening. Default: false.
---@field LocalHost string The local address to bind, empty for all; shows the bound one while the socket is open. (not while the socket is open) Default: "".
---@field LocalPort integer The local UDP port to bind, 0 for any free one; shows the bound one while the socket is open. (not while the socket is open) Default: 0.
---@field PendingRequests lunacoap.CoAPRequestList Requests without an answer yet: the component's own as a client, its clients' as a server. (read-only)
---@field RequestContentFormat integer Content-Format of the request, -1 for none. Default: -1.
---@field RequestData string Payload of the request, as text in the CodePage. Default: "".
---@field RequestDataB string Payload of the request, as raw bytes. Default: "".
---@field RequestETag string ETag of the request, as text in the CodePage, empty for none. Default: "".
---@field RequestETagB string ETag of the request, as raw bytes, empty for none. Default: "".
---@field RequestOptions lunacoap.CoAPOptionList|lunacoap.OptionInit[] Options of the request: those to add on sending, all that came on receiving.
---@field ResponseCode string Code of the response, such as "2.05". Default: "".
---@field ResponseContentFormat integer Content-Format of the response, -1 for none. Default: -1.
---@field ResponseData string Payload of the response, as text in the CodePage. Default: "".
---@field ResponseDataB string Payload of the response, as raw bytes. Default: "".
---@field ResponseETag string ETag of the response, as text in the CodePage, empty for none. Default: "".
---@field ResponseETagB string ETag of the response, as raw bytes, empty for none. Default: "".
---@field ResponseOptions lunacoap.CoAPOptionList|lunacoap.OptionInit[] Options of the response: those to add on sending, all that came on receiving.
---@field SSLAcceptServerCert lunacoap.Certificate The server certificate to accept without any further check.
---@field SSLAuthenticateClients boolean Whether a server asks its clients for a certificate. Default: false.
---@field SSLCert lunacoap.Certificate The component's own certificate and key.
---@field SSLEnabled boolean Whether coap:// URIs and the listening socket use DTLS; coaps:// always does. It cannot change while the component listens. Default: false.
---@field SSLServerCert lunacoap.Certificate The certificate that the server showed last. (read-only)
---@field Timeout number Seconds that a call waits for its answer; with 0 it returns at once and events tell the rest. Default: 60.
---@field UseConfirmableMessages boolean Whether requests, separate responses and notifications are sent until they are acknowledged. Default: true.
---@field OnError? fun(coap: lunacoap.CoAP, event: lunacoap.ErrorEvent) Something went wrong that no call can raise, such as an error in a handler.
---@field OnLog? fun(coap: lunacoap.CoAP, event: lunacoap.LogEvent) A line about what the component does; LogLevel says how many.
---@field OnNotification? fun(coap: lunacoap.CoAP, event: lunacoap.NotificationEvent) An observed resource has a new state, which Response* hold.
---@field OnPSKLookup? fun(coap: lunacoap.CoAP, event: lunacoap.PSKLookupEvent) A client names the identity of its pre-shared key; set Key to the key's raw bytes.
---@field OnRegister? fun(coap: lunacoap.CoAP, event: lunacoap.RegisterEvent) A client wants to observe; set Accept, and Response* to the present state.
---@field OnRequest? fun(coap: lunacoap.CoAP, event: lunacoap.RequestEvent) A request came; set Response*, or SendResponse to false to answer later.
---@field OnRequestComplete? fun(coap: lunacoap.CoAP, event: lunacoap.RequestCompleteEvent) A request has got its response, or failed; ErrorCode 0 is a 2.xx response.
---@field OnResponseComplete? fun(coap: lunacoap.CoAP, event: lunacoap.ResponseCompleteEvent) A response has reached its client, or failed to.
---@field OnSSLClientAuthentication? fun(coap: lunacoap.CoAP, event: lunacoap.SSLClientAuthenticationEvent) A client shows its certificate; Accept decides.
---@field OnSSLServerAuthentication? fun(coap: lunacoap.CoAP, event: lunacoap.SSLServerAuthenticationEvent) The server shows its certificate; Accept decides.
---@field OnSSLStatus? fun(coap: lunacoap.CoAP, event: lunacoap.SSLStatusEvent) A line about the progress of a DTLS session.
---@field OnTransfer? fun(coap: lunacoap.CoAP, event: lunacoap.TransferEvent) A block of a request's payload was confirmed (Direction 0) or one of a response's came in (1), about which only lunacoap.spawn may do something; -1 is an unknown total.
---@field OnUnregistered? fun(coap: lunacoap.CoAP, event: lunacoap.UnregisteredEvent) An observer has left or was removed.
local CoAP = {}

---Gives a pending request up: a client's ends with error 711, a server's gets no answer.
---@param RequestId string
function CoAP:CancelRequest(RequestId) end

---Sets a setting with "NAME=VALUE" and returns "", or returns its value with "NAME".
---@param ConfigurationString lunacoap.Setting
---@return string
function CoAP:Config(ConfigurationString) end

---A table of all properties, settings and handlers, as the constructor takes it.
---@return lunacoap.CoAPInit
function CoAP:Configuration() end

---Sets properties, settings and handlers at once; false takes a handler off.
---@param Fields lunacoap.CoAPInit
function CoAP:Configure(Fields) end

---Sends a DELETE; returns "" when the answer is there, or the request's Id with Timeout 0.
---@param URI string
---@return string
function CoAP:Delete(URI) end

---Handles what is ready, or waits up to 50 ms for something to happen.
function CoAP:DoEvents() end

---Sends a GET; returns "" when the answer is there, or the request's Id with Timeout 0.
---@param URI string
---@return string
function CoAP:Get(URI) end

---Whether RequestOptions have one of these numbers; faster than a look for them.
---@param Number integer
---@param ... integer
---@return boolean
function CoAP:HasOption(Number, ...) end

---Tells what is observed, in any order: each URI once for each Accept; of one URIPath, or all.
---@param Path? string
---@return lunacoap.Observed[]
function CoAP:ListObserved(Path) end

---Sends RequestData with POST; returns "" when the answer is there, or an Id with Timeout 0.
---@param URI string
---@return string
function CoAP:Post(URI) end

---Sends RequestData with PUT; returns "" when the answer is there, or an Id with Timeout 0.
---@param URI string
---@return string
function CoAP:Put(URI) end

---Goes on from another local port with the same sessions and exchanges, as behind a NAT that has forgotten the old one; 712 without an open socket.
function CoAP:Rebind() end

---Shuts the component down and puts every property and setting back; handlers stay.
function CoAP:Reset() end

---Forgets all that a device forgets without power (exchanges, observers, sessions but for what ReuseSSLSession keeps), tells nobody, and opens the same port again; calls that wait raise 711.
function CoAP:Restart() end

---Sends RequestData with any method, such as lunacoap.Method.FETCH; returns as Put does.
---@param URI string
---@param Method integer
---@return string
function CoAP:SendCustomRequest(URI, Method) end

---Sends Response* to all who observe the URI, or to those that asked for a content-format (-1: for none); a code that is not 2.xx ends it for them, and so does another content-format than the first they got, with 4.06 (without ResponseContentFormat it is the first).
---@param URI string
---@param Accept? integer
function CoAP:SendNotification(URI, Accept) end

---Answers a pending request with Response*.
---@param RequestId string
function CoAP:SendResponse(RequestId) end

---Ends everything at once: pending requests (711), observations, the socket.
function CoAP:Shutdown() end

---Opens LocalPort and becomes a server.
function CoAP:StartListening() end

---Asks to be told of each change of a resource; Notification fires for each, the first too.
---@param URI string
---@return string
function CoAP:StartObserving(URI) end

---Takes no new requests; pending ones may still be answered.
function CoAP:StopListening() end

---Ends an observation, with the URI that StartObserving was given.
---@param URI string
function CoAP:StopObserving(URI) end

---What the constructor takes.
---@class lunacoap.CoAPInit
---@field Listening? boolean Whether the component is a server; assigning it calls StartListening or StopListening. Default: false.
---@field LocalHost? string The local address to bind, empty for all; shows the bound one while the socket is open. (not while the socket is open) Default: "".
---@field LocalPort? integer The local UDP port to bind, 0 for any free one; shows the bound one while the socket is open. (not while the socket is open) Default: 0.
---@field RequestContentFormat? integer Content-Format of the request, -1 for none. Default: -1.
---@field RequestData? string Payload of the request, as text in the CodePage. Default: "".
---@field RequestDataB? string Payload of the request, as raw bytes. Default: "".
---@field RequestETag? string ETag of the request, as text in the CodePage, empty for none. Default: "".
---@field RequestETagB? string ETag of the request, as raw bytes, empty for none. Default: "".
---@field RequestOptions? lunacoap.CoAPOptionList|lunacoap.OptionInit[] Options of the request: those to add on sending, all that came on receiving.
---@field ResponseCode? string Code of the response, such as "2.05". Default: "".
---@field ResponseContentFormat? integer Content-Format of the response, -1 for none. Default: -1.
---@field ResponseData? string Payload of the response, as text in the CodePage. Default: "".
---@field ResponseDataB? string Payload of the response, as raw bytes. Default: "".
---@field ResponseETag? string ETag of the response, as text in the CodePage, empty for none. Default: "".
---@field ResponseETagB? string ETag of the response, as raw bytes, empty for none. Default: "".
---@field ResponseOptions? lunacoap.CoAPOptionList|lunacoap.OptionInit[] Options of the response: those to add on sending, all that came on receiving.
---@field SSLAcceptServerCert? lunacoap.Certificate The server certificate to accept without any further check.
---@field SSLAuthenticateClients? boolean Whether a server asks its clients for a certificate. Default: false.
---@field SSLCert? lunacoap.Certificate The component's own certificate and key.
---@field SSLEnabled? boolean Whether coap:// URIs and the listening socket use DTLS; coaps:// always does. It cannot change while the component listens. Default: false.
---@field Timeout? number Seconds that a call waits for its answer; with 0 it returns at once and events tell the rest. Default: 60.
---@field UseConfirmableMessages? boolean Whether requests, separate responses and notifications are sent until they are acknowledged. Default: true.
---@field MessageId? integer The Message ID of the next message, and of that one only.
---@field UseEmptyToken? boolean Whether requests carry an empty token; a second one to the same server then waits. Default: false.
---@field UseRawPublicKey? boolean Whether DTLS uses raw public keys in place of certificates. Default: false.
---@field LogLevel? integer How much the Log event tells: 0 nothing, 1 what matters, 2 each message, 3 its bytes. Default: 1.
---@field AckTimeout? number Seconds before a confirmable message is first sent again, times 1 to AckRandomFactor. Default: 2.
---@field AckRandomFactor? number The upper end of the factor by which AckTimeout is spread. Default: 1.5.
---@field MaxRetransmit? integer How often a confirmable message is sent again before it counts as lost. Default: 4.
---@field NStart? integer How many exchanges with one peer may be under way at a time; further ones wait. Default: 1.
---@field MaxLatency? number Seconds that a datagram may live in the network; lifetimes of Message IDs follow from it. Default: 100.
---@field ProbingRate? number Bytes per second sent to a peer that has not answered; 0 is no limit. Default: 1.
---@field PiggybackDelay? number Seconds that a server waits for the script before it sends an empty ACK. Default: 0.05.
---@field BlockSize? integer Bytes of a block when a body does not fit one datagram. Default: 1024.
---@field MaxBodySize? integer The longest body that is put together from blocks, in bytes. Default: 8388608.
---@field MaxPendingRequests? integer How many requests a server keeps unanswered before it refuses new ones with 5.03, and how many separate responses unconfirmed before others go by NON. Default: 10000.
---@field PendingTimeout? number Seconds after which a request that nobody answered is given up; 0 is never. Default: 247.
---@field MulticastGroups? string The multicast groups that a server joins when it starts to listen. Default: "".
---@field MulticastLeisure? number Seconds over which answers to a multicast request are spread. Default: 5.
---@field ShareSocket? boolean Whether one socket of the system serves all components with this setting and the same LocalPort, told apart by LocalHost, which must be an address of this machine; its buffers, DSCP and the like are the first one's. (not while the socket is open) Default: false.
---@field BothRoles? boolean Whether a component that listens may send requests, too, from the same socket, as devices do; but not in a handler of OnRequest or OnRegister, where Request* are the peer's. (not while the socket is open) Default: false.
---@field MaxObservers? integer How many observers a server keeps; further ones get a plain response. Default: 100000.
---@field NotificationsPerCon? integer How many non-confirmable notifications may follow each other before a confirmable one; the first that an observer gets is confirmable. Default: 100.
---@field SendFaults? string What goes wrong on purpose with datagrams on their way out; see the README on faults. Default: "".
---@field ReceiveFaults? string What goes wrong on purpose with datagrams that come in; see the README on faults. Default: "".
---@field FaultSeed? integer Chooses among all runs of these faults: the same seed does the same to each link. Default: 1.
---@field Offline? boolean Whether the cable is out: what is sent and what comes in is lost without a word, and everything else goes on. Default: false.
---@field CaptureFile? string A pcapng file for all datagrams of the component, with the secrets of its DTLS sessions; components may share one. Default: "".
---@field SSLProvider? string The library that does DTLS; with Automatic what the credentials need decides, and reading it shows which one was taken. Default: "Automatic".
---@field SSLSessionTimeout? number Seconds without traffic after which a DTLS session is closed. Default: 36000.
---@field PSKIdentity? string The identity under which the peer knows the pre-shared key. Default: "".
---@field PSKKey? string The pre-shared key for DTLS; a client that has one offers nothing else. Default: "".
---@field LogSSLPackets? boolean Whether SSLStatus reports every DTLS record. Default: false.
---@field OpenSSLCADir? string A folder of CA certificates in PEM format. Default: "".
---@field OpenSSLCAFile? string A file of CA certificates in PEM format. Default: "".
---@field OpenSSLCipherList? string The cipher suites to offer, as OpenSSL writes them. (not yet) Default: "DEFAULT".
---@field OpenSSLPrngSeedData? string Bytes mixed into the random numbers of mbed TLS, besides the system's; GnuTLS takes none. Default: "".
---@field ReuseSSLSession? boolean Whether a client resumes an earlier DTLS session with the same server, also after Restart(): as if it were kept where power does not matter. Default: false.
---@field SSLCACerts? string CA certificates that are sent along with SSLCert. Default: "".
---@field SSLCheckCRL? integer Whether a revocation list is asked about the server's certificate: 0 no, 1 if named, 2 must. (not yet) Default: 0.
---@field SSLCheckOCSP? integer Whether OCSP is asked about the server's certificate: 0 no, 1 if named, 2 must. (not yet) Default: 0.
---@field SSLCipherStrength? integer The fewest key bits that a cipher suite may have. Default: 0.
---@field SSLClientCACerts? string CA certificates that a server trusts for its clients, besides the system's. Default: "".
---@field SSLEnabledCipherSuites? string The cipher suites that may be used, * for all good ones. Default: "*".
---@field SSLEnabledProtocols? integer The protocol versions that may be used, as a sum of bits: 3072 is DTLS 1.2, 192 and 768 are 1.0; the others do not exist over UDP. Default: 3072.
---@field SSLEnableRenegotiation? boolean Whether GnuTLS sends the renegotiation_info extension (mbed TLS always sends its stand-in); a session is never renegotiated. Default: false.
---@field SSLIncludeCertChain? boolean Whether CertEncoded holds the server's whole chain and not its own certificate alone. Default: false.
---@field SSLKeyLogFile? string A file to which session secrets are appended, for a packet analyser. Default: "".
---@field SSLSecurityFlags? integer What to overlook when a certificate is checked, as a sum of bits. Default: 0.
---@field SSLServerCACerts? string CA certificates that a client trusts for its servers, besides the system's. Default: "".
---@field TLS12SignatureAlgorithms? string The signature algorithms that a certificate may have with DTLS 1.2. Default: "sha512-ecdsa,sha512-rsa,sha512-dsa,sha384-ecdsa,sha384-rsa,sha384-dsa,sha256-ecdsa,sha256-rsa,sha256-dsa,sha224-ecdsa,sha224-rsa,sha224-dsa,ed25519".
---@field TLS12SupportedGroups? string The curves for DTLS 1.2. Default: "ecdhe_secp256r1,ecdhe_secp384r1,ecdhe_secp521r1".
---@field TLS13KeyShareGroups? string No effect: there is no DTLS 1.3 here. Default: "ecdhe_x25519,ecdhe_secp256r1,ecdhe_secp384r1,ffdhe_2048,ffdhe_3072".
---@field TLS13SignatureAlgorithms? string No effect: there is no DTLS 1.3 here. Default: "rsa_pss_sha256,rsa_pss_sha384,rsa_pss_sha512,rsa_pkcs1_sha256,rsa_pkcs1_sha384,rsa_pkcs1_sha512,ecdsa_secp256r1_sha256,ecdsa_secp384r1_sha384,ecdsa_secp521r1_sha512,ed25519,ed448".
---@field TLS13SupportedGroups? string No effect: there is no DTLS 1.3 here. Default: "ecdhe_x25519,ecdhe_x448,ecdhe_secp256r1,ecdhe_secp384r1,ecdhe_secp521r1,ffdhe_2048,ffdhe_3072,ffdhe_4096,ffdhe_6144,ffdhe_8192".
---@field CaptureIPPacketInfo? boolean Whether DestinationAddress is kept for every datagram. Default: false.
---@field DelayHostResolution? boolean No effect: a host name is looked up when a request is sent. Default: false.
---@field DontFragment? boolean Whether datagrams are sent with the Don't Fragment flag; read when the socket opens. Default: false.
---@field ListeningPort? integer The port that StartListening opens in place of LocalPort, -1 for LocalPort: for tests of a script that names a port. Default: -1.
---@field MaxPacketSize? integer The longest datagram that is received whole, in bytes; read when the socket opens. Default: 2048.
---@field QOSDSCPValue? integer The DSCP value of outgoing datagrams, 0 for QOSTrafficType's; read when the socket opens. Default: 0.
---@field QOSTrafficType? integer|string The kind of traffic, which stands for a DSCP value; read when the socket opens. Default: 0.
---@field ShareLocalPort? boolean Whether others may bind the same port; read when the socket opens. Default: false.
---@field UseConnection? boolean Whether a client's socket is connected to the first server it talks to. Default: false.
---@field UseIPv6? boolean Whether host names are looked up as IPv6 and the socket is bound to both families. Default: false.
---@field AbsoluteTimeout? boolean Whether Timeout bounds the whole call and does not start anew with each message. Default: false.
---@field FirewallData? string No effect: there is no tunnelling proxy for UDP. Default: "".
---@field InBufferSize? integer The socket's receive buffer, 0 for a large one; read when the socket opens. Default: 0.
---@field OutBufferSize? integer The socket's send buffer, 0 for a large one; read when the socket opens. Default: 0.
---@field CodePage? integer The code page of the plain string properties; 65001 leaves them as they are. Default: 65001.
---@field MaskSensitiveData? boolean Whether keys and passwords are left out of Log lines. Default: true.
---@field UseFIPSCompliantAPI? boolean Only False: nothing here is FIPS certified. Default: false.
---@field UseInternalSecurityAPI? boolean No effect: the same libraries are used on every system. Default: false.
---@field OnError? fun(coap: lunacoap.CoAP, event: lunacoap.ErrorEvent) Something went wrong that no call can raise, such as an error in a handler.
---@field OnLog? fun(coap: lunacoap.CoAP, event: lunacoap.LogEvent) A line about what the component does; LogLevel says how many.
---@field OnNotification? fun(coap: lunacoap.CoAP, event: lunacoap.NotificationEvent) An observed resource has a new state, which Response* hold.
---@field OnPSKLookup? fun(coap: lunacoap.CoAP, event: lunacoap.PSKLookupEvent) A client names the identity of its pre-shared key; set Key to the key's raw bytes.
---@field OnRegister? fun(coap: lunacoap.CoAP, event: lunacoap.RegisterEvent) A client wants to observe; set Accept, and Response* to the present state.
---@field OnRequest? fun(coap: lunacoap.CoAP, event: lunacoap.RequestEvent) A request came; set Response*, or SendResponse to false to answer later.
---@field OnRequestComplete? fun(coap: lunacoap.CoAP, event: lunacoap.RequestCompleteEvent) A request has got its response, or failed; ErrorCode 0 is a 2.xx response.
---@field OnResponseComplete? fun(coap: lunacoap.CoAP, event: lunacoap.ResponseCompleteEvent) A response has reached its client, or failed to.
---@field OnSSLClientAuthentication? fun(coap: lunacoap.CoAP, event: lunacoap.SSLClientAuthenticationEvent) A client shows its certificate; Accept decides.
---@field OnSSLServerAuthentication? fun(coap: lunacoap.CoAP, event: lunacoap.SSLServerAuthenticationEvent) The server shows its certificate; Accept decides.
---@field OnSSLStatus? fun(coap: lunacoap.CoAP, event: lunacoap.SSLStatusEvent) A line about the progress of a DTLS session.
---@field OnTransfer? fun(coap: lunacoap.CoAP, event: lunacoap.TransferEvent) A block of a request's payload was confirmed (Direction 0) or one of a response's came in (1), about which only lunacoap.spawn may do something; -1 is an unknown total.
---@field OnUnregistered? fun(coap: lunacoap.CoAP, event: lunacoap.UnregisteredEvent) An observer has left or was removed.

---The names of settings, alone to read and with =VALUE to set.
---@alias lunacoap.Setting
---| string
---| "LocalHost" # The local address to bind, empty for all; shows the bound one while the socket is open. (not while the socket is open)
---| "LocalPort" # The local UDP port to bind, 0 for any free one; shows the bound one while the socket is open. (not while the socket is open)
---| "MessageId" # The Message ID of the next message, and of that one only.
---| "UseEmptyToken" # Whether requests carry an empty token; a second one to the same server then waits.
---| "UseRawPublicKey" # Whether DTLS uses raw public keys in place of certificates.
---| "LogLevel" # How much the Log event tells: 0 nothing, 1 what matters, 2 each message, 3 its bytes.
---| "AckTimeout" # Seconds before a confirmable message is first sent again, times 1 to AckRandomFactor.
---| "AckRandomFactor" # The upper end of the factor by which AckTimeout is spread.
---| "MaxRetransmit" # How often a confirmable message is sent again before it counts as lost.
---| "NStart" # How many exchanges with one peer may be under way at a time; further ones wait.
---| "MaxLatency" # Seconds that a datagram may live in the network; lifetimes of Message IDs follow from it.
---| "ProbingRate" # Bytes per second sent to a peer that has not answered; 0 is no limit.
---| "PiggybackDelay" # Seconds that a server waits for the script before it sends an empty ACK.
---| "BlockSize" # Bytes of a block when a body does not fit one datagram.
---| "MaxBodySize" # The longest body that is put together from blocks, in bytes.
---| "MaxPendingRequests" # How many requests a server keeps unanswered before it refuses new ones with 5.03, and how many separate responses unconfirmed before others go by NON.
---| "PendingTimeout" # Seconds after which a request that nobody answered is given up; 0 is never.
---| "MulticastGroups" # The multicast groups that a server joins when it starts to listen.
---| "MulticastLeisure" # Seconds over which answers to a multicast request are spread.
---| "ShareSocket" # Whether one socket of the system serves all components with this setting and the same LocalPort, told apart by LocalHost, which must be an address of this machine; its buffers, DSCP and the like are the first one's. (not while the socket is open)
---| "BothRoles" # Whether a component that listens may send requests, too, from the same socket, as devices do; but not in a handler of OnRequest or OnRegister, where Request* are the peer's. (not while the socket is open)
---| "MaxObservers" # How many observers a server keeps; further ones get a plain response.
---| "NotificationsPerCon" # How many non-confirmable notifications may follow each other before a confirmable one; the first that an observer gets is confirmable.
---| "Statistics" # Counters since the socket was opened, such as "received=12 sent=12 duplicates=0"; those that end in _evicted tell what was forgotten early to bound memory. (read-only)
---| "SendFaults" # What goes wrong on purpose with datagrams on their way out; see the README on faults.
---| "ReceiveFaults" # What goes wrong on purpose with datagrams that come in; see the README on faults.
---| "FaultSeed" # Chooses among all runs of these faults: the same seed does the same to each link.
---| "Offline" # Whether the cable is out: what is sent and what comes in is lost without a word, and everything else goes on.
---| "CaptureFile" # A pcapng file for all datagrams of the component, with the secrets of its DTLS sessions; components may share one.
---| "SSLProvider" # The library that does DTLS; with Automatic what the credentials need decides, and reading it shows which one was taken.
---| "SSLSessionTimeout" # Seconds without traffic after which a DTLS session is closed.
---| "PSKIdentity" # The identity under which the peer knows the pre-shared key.
---| "PSKKey" # The pre-shared key for DTLS; a client that has one offers nothing else.
---| "LogSSLPackets" # Whether SSLStatus reports every DTLS record.
---| "OpenSSLCADir" # A folder of CA certificates in PEM format.
---| "OpenSSLCAFile" # A file of CA certificates in PEM format.
---| "OpenSSLCipherList" # The cipher suites to offer, as OpenSSL writes them. (not yet)
---| "OpenSSLPrngSeedData" # Bytes mixed into the random numbers of mbed TLS, besides the system's; GnuTLS takes none.
---| "ReuseSSLSession" # Whether a client resumes an earlier DTLS session with the same server, also after Restart(): as if it were kept where power does not matter.
---| "SSLCACerts" # CA certificates that are sent along with SSLCert.
---| "SSLCheckCRL" # Whether a revocation list is asked about the server's certificate: 0 no, 1 if named, 2 must. (not yet)
---| "SSLCheckOCSP" # Whether OCSP is asked about the server's certificate: 0 no, 1 if named, 2 must. (not yet)
---| "SSLCipherStrength" # The fewest key bits that a cipher suite may have.
---| "SSLClientCACerts" # CA certificates that a server trusts for its clients, besides the system's.
---| "SSLEnabledCipherSuites" # The cipher suites that may be used, * for all good ones.
---| "SSLEnabledProtocols" # The protocol versions that may be used, as a sum of bits: 3072 is DTLS 1.2, 192 and 768 are 1.0; the others do not exist over UDP.
---| "SSLEnableRenegotiation" # Whether GnuTLS sends the renegotiation_info extension (mbed TLS always sends its stand-in); a session is never renegotiated.
---| "SSLIncludeCertChain" # Whether CertEncoded holds the server's whole chain and not its own certificate alone.
---| "SSLKeyLogFile" # A file to which session secrets are appended, for a packet analyser.
---| "SSLNegotiatedCipher" # The cipher of the present DTLS session. (read-only)
---| "SSLNegotiatedCipherStrength" # The key bits of that cipher. (read-only)
---| "SSLNegotiatedCipherSuite" # The cipher suite of the present DTLS session. (read-only)
---| "SSLNegotiatedKeyExchange" # The key exchange of the present DTLS session. (read-only)
---| "SSLNegotiatedKeyExchangeStrength" # The bits of that key exchange. (read-only)
---| "SSLNegotiatedVersion" # The protocol version of the present DTLS session. (read-only)
---| "SSLSecurityFlags" # What to overlook when a certificate is checked, as a sum of bits.
---| "SSLServerCACerts" # CA certificates that a client trusts for its servers, besides the system's.
---| "TLS12SignatureAlgorithms" # The signature algorithms that a certificate may have with DTLS 1.2.
---| "TLS12SupportedGroups" # The curves for DTLS 1.2.
---| "TLS13KeyShareGroups" # No effect: there is no DTLS 1.3 here.
---| "TLS13SignatureAlgorithms" # No effect: there is no DTLS 1.3 here.
---| "TLS13SupportedGroups" # No effect: there is no DTLS 1.3 here.
---| "CaptureIPPacketInfo" # Whether DestinationAddress is kept for every datagram.
---| "DelayHostResolution" # No effect: a host name is looked up when a request is sent.
---| "DestinationAddress" # The local address to which the last datagram came, with CaptureIPPacketInfo. (read-only)
---| "DontFragment" # Whether datagrams are sent with the Don't Fragment flag; read when the socket opens.
---| "ListeningPort" # The port that StartListening opens in place of LocalPort, -1 for LocalPort: for tests of a script that names a port.
---| "MaxPacketSize" # The longest datagram that is received whole, in bytes; read when the socket opens.
---| "QOSDSCPValue" # The DSCP value of outgoing datagrams, 0 for QOSTrafficType's; read when the socket opens.
---| "QOSTrafficType" # The kind of traffic, which stands for a DSCP value; read when the socket opens.
---| "ShareLocalPort" # Whether others may bind the same port; read when the socket opens.
---| "UseConnection" # Whether a client's socket is connected to the first server it talks to.
---| "UseIPv6" # Whether host names are looked up as IPv6 and the socket is bound to both families.
---| "AbsoluteTimeout" # Whether Timeout bounds the whole call and does not start anew with each message.
---| "FirewallData" # No effect: there is no tunnelling proxy for UDP.
---| "InBufferSize" # The socket's receive buffer, 0 for a large one; read when the socket opens.
---| "OutBufferSize" # The socket's send buffer, 0 for a large one; read when the socket opens.
---| "BuildInfo" # The version and what it was built with. (read-only)
---| "CodePage" # The code page of the plain string properties; 65001 leaves them as they are.
---| "LicenseInfo" # The licence. (read-only)
---| "MaskSensitiveData" # Whether keys and passwords are left out of Log lines.
---| "UseFIPSCompliantAPI" # Only False: nothing here is FIPS certified.
---| "UseInternalSecurityAPI" # No effect: the same libraries are used on every system.

---Something went wrong that no call can raise, such as an error in a handler.
---@class lunacoap.ErrorEvent
---@field ErrorCode integer
---@field Description string

---A line about what the component does; LogLevel says how many.
---@class lunacoap.LogEvent
---@field LogLevel integer
---@field Message string

---An observed resource has a new state, which Response* hold.
---@class lunacoap.NotificationEvent
---@field URI string
---@field IsLatest boolean
---@field StopObserving boolean The handler may assign it.

---A client names the identity of its pre-shared key; set Key to the key's raw bytes.
---@class lunacoap.PSKLookupEvent
---@field ConnectionId integer
---@field Identity string
---@field Key string The handler may assign it.

---A client wants to observe; set Accept, and Response* to the present state.
---@class lunacoap.RegisterEvent
---@field RemoteHost string
---@field RemotePort integer
---@field URI string
---@field URIHost string
---@field URIPort integer
---@field URIPath string
---@field URIQuery string
---@field Token string
---@field TokenB string
---@field Accept boolean The handler may assign it.
---@field ConnectionId integer
---@field CertEncoded string
---@field CertEncodedB string
---@field CertSubject string
---@field CertIssuer string
---@field CertFingerprint string
---@field PSKIdentity string

---A request came; set Response*, or SendResponse to false to answer later.
---@class lunacoap.RequestEvent
---@field RemoteHost string
---@field RemotePort integer
---@field Method integer
---@field URIHost string
---@field URIPort integer
---@field URIPath string
---@field URIQuery string
---@field Token string
---@field TokenB string
---@field RequestId string
---@field SendResponse boolean The handler may assign it.
---@field ConnectionId integer
---@field CertEncoded string
---@field CertEncodedB string
---@field CertSubject string
---@field CertIssuer string
---@field CertFingerprint string
---@field PSKIdentity string

---A request has got its response, or failed; ErrorCode 0 is a 2.xx response.
---@class lunacoap.RequestCompleteEvent
---@field Method integer
---@field URI string
---@field RequestId string
---@field ErrorCode integer
---@field ErrorDescription string
---@field RemoteHost string
---@field RemotePort integer

---A response has reached its client, or failed to.
---@class lunacoap.ResponseCompleteEvent
---@field RequestId string
---@field ErrorCode integer
---@field ErrorDescription string

---A client shows its certificate; Accept decides.
---@class lunacoap.SSLClientAuthenticationEvent
---@field ConnectionId integer
---@field CertEncoded string
---@field CertEncodedB string
---@field CertSubject string
---@field CertIssuer string
---@field CertFingerprint string
---@field Status string
---@field Accept boolean The handler may assign it.

---The server shows its certificate; Accept decides.
---@class lunacoap.SSLServerAuthenticationEvent
---@field CertEncoded string
---@field CertEncodedB string
---@field CertSubject string
---@field CertIssuer string
---@field CertFingerprint string
---@field Status string
---@field Accept boolean The handler may assign it.

---A line about the progress of a DTLS session.
---@class lunacoap.SSLStatusEvent
---@field Message string

---A block of a request's payload was confirmed (Direction 0) or one of a response's came in (1), about which only lunacoap.spawn may do something; -1 is an unknown total.
---@class lunacoap.TransferEvent
---@field RequestId string
---@field URI string
---@field Direction integer
---@field BytesTransferred integer
---@field PercentDone integer
---@field TotalBytes integer

---An observer has left or was removed.
---@class lunacoap.UnregisteredEvent
---@field RemoteHost string
---@field RemotePort integer
---@field URI string
---@field URIHost string
---@field URIPort integer
---@field URIPath string
---@field URIQuery string

---What a failed call raises, and what OnError tells of.
---@class lunacoap.Error
---@field Code integer The number, such as 704.
---@field Message string What went wrong and what would be right.
---@field Where string The line that made the call: "file:line".
---@field Traceback string The calls that led there.

---A raw UDP endpoint, for tests that play a peer message by message.
---@class lunacoap.Endpoint
---@field LocalHost string The address bound, "::" for all of both families. Read-only.
---@field LocalPort integer The port bound. Read-only.
---@field RemoteHost string With whom the last datagram was exchanged. Read-only.
---@field RemotePort integer The port there, 0 for nobody yet. Read-only.
---@field Dropped integer How many datagrams were lost because 256 waited already. Read-only.
local Endpoint = {}

---Sends bytes, or a message, to a host or URI, or to whom the last datagram was exchanged with; returns the bytes.
---@param message string|lunacoap.message.Fields
---@param host? string
---@param port? integer
---@return string
function Endpoint:send(message, host, port) end

---Waits for the next datagram; returns it with host and port, nil when the time is over, nil and an error when one could not be delivered.
---@param timeout? number
---@return string?, (string|lunacoap.Error)?, integer?
function Endpoint:receive(timeout) end

---Receives the next message within 5 seconds, or others, and raises which of the expected fields differ; returns it and its bytes.
---@param expected lunacoap.Expected
---@param within? number
---@return lunacoap.message.Message, string
function Endpoint:expect(expected, within) end

---A URI of the endpoint for a client on this machine.
---@param path? string
---@return string
function Endpoint:uri(path) end

---Closes it; who waits in receive gets error 711.
function Endpoint:close() end

---What lunacoap.endpoint takes.
---@class lunacoap.EndpointInit
---@field LocalHost? string The address to bind, all of both families unless given.
---@field LocalPort? integer The port to bind, any free one unless given.
---@field RemoteHost? string Where to send to at first: a host, a URI or host:port.
---@field RemotePort? integer The port there.

---What endpoint:expect compares; what is absent may be anything.
---@class lunacoap.Expected
---@field type? string|integer "CON", "NON", "ACK" or "RST".
---@field code? string|integer Such as "2.05"; "0.00" for an Empty message.
---@field id? integer The Message ID.
---@field token? string Its bytes.
---@field options? table[] As message.encode takes them; others may be there too. false for a value: none of that number.
---@field payload? string Its bytes.

---What lunacoap.statistics returns, a plain table.
---@class lunacoap.Statistics
---@field sent integer Datagrams.
---@field received integer Datagrams.
---@field retransmissions integer Confirmable messages sent again.
---@field duplicates integer Messages that had come before.
---@field malformed integer Datagrams that were no CoAP messages.
---@field dropped integer Datagrams that found no room, or on a shared socket nobody with their address.
---@field refused integer Datagrams that the network would not deliver.
---@field open integer Components that have a socket now.

---One option of a message.
---@class lunacoap.CoAPOption
---@field Number integer Which option, 1 to 65535; sets ValueType when it is a known one.
---@field Value string Text, decimal digits or hex digits, as ValueType says.
---@field ValueType integer How Value is written: lunacoap.ValueType.ovtString, ...
---@field Critical boolean Whether a receiver that does not know it must refuse. Read-only.
---@field Unsafe boolean Whether a proxy that does not know it must not forward. Read-only.
---@field NoCacheKey boolean Whether it does not tell cached responses apart. Read-only.

---An entry of ListObserved, a plain table.
---@class lunacoap.Observed
---@field URI string What is observed.
---@field URIPath string The path in it, as events have it.
---@field URIQuery string The query in it.
---@field Accept integer The content-format that its observers asked for, -1 for none.
---@field Observers integer How many they are.

---One pending request; read-only.
---@class lunacoap.CoAPRequest
---@field Method integer The method's number. Read-only.
---@field RemoteHost string The other end's address. Read-only.
---@field RemotePort integer The other end's port. Read-only.
---@field RequestId string What CancelRequest and SendResponse take. Read-only.
---@field Token string The token, as text in the CodePage. Read-only.
---@field TokenB string The token, as raw bytes. Read-only.
---@field URI string What is asked for. Read-only.

---A certificate; an empty one has fields that are "", 0 or false.
---@class lunacoap.Certificate
---@field EffectiveDate string From when it is valid. Read-only.
---@field ExpirationDate string Until when it is valid. Read-only.
---@field ExtendedKeyUsage string What it is for, as OIDs with commas between them. Read-only.
---@field Fingerprint string MD5 of the key or certificate. Read-only.
---@field FingerprintSHA1 string SHA-1 of the key or certificate. Read-only.
---@field FingerprintSHA256 string SHA-256 of the key or certificate. Read-only.
---@field Issuer string Who signed it. Read-only.
---@field PrivateKey string Its private key in PEM format. Read-only.
---@field PrivateKeyAvailable boolean Whether there is a private key. Read-only.
---@field PrivateKeyContainer string Always empty: only Windows has containers. Read-only.
---@field PublicKey string Its public key in PEM format. Read-only.
---@field PublicKeyAlgorithm string The kind of its public key. Read-only.
---@field PublicKeyLength integer The bits of its public key. Read-only.
---@field SerialNumber string Its serial number in hex. Read-only.
---@field SignatureAlgorithm string How it was signed. Read-only.
---@field Store string Where it is looked for: a file, or the data themselves.
---@field StoreB string The same as raw bytes.
---@field StorePassword string What opens the store.
---@field StoreType integer The kind of store: lunacoap.StoreType.cstPFXFile, ...
---@field SubjectAltNames string Further names of its owner. Read-only.
---@field ThumbprintMD5 string MD5 of the certificate. Read-only.
---@field ThumbprintSHA1 string SHA-1 of the certificate. Read-only.
---@field ThumbprintSHA256 string SHA-256 of the certificate. Read-only.
---@field Usage string What it is for, in words. Read-only.
---@field UsageFlags integer What it is for, as a sum of bits. Read-only.
---@field Version string Such as "V3". Read-only.
---@field Subject string Its owner; assigning it looks for one in the store.
---@field Encoded string The certificate in PEM format; assigning it selects this one.
---@field EncodedB string The same as raw bytes.

---The files of a folder. Paths such as "sub/a.txt" lead to files and folders in it alone: not by "..", "." or symbolic links, whatever others rename meanwhile. Failures are as in io: nil, a message, a number.
---@class lunacoap.Folder
local Folder = {}

---The bytes of a file; fails when it has more of them than the limit.
---@param path string
---@param limit? integer
---@return string?, string?, integer?
function Folder:read(path, limit) end

---Makes a file, or replaces it as a whole and keeps its permissions: "created" or "replaced".
---@param path string
---@param bytes string
---@return string?, string?, integer?
function Folder:write(path, bytes) end

---Removes a file.
---@param path string
---@return boolean?, string?, integer?
function Folder:remove(path) end

---The files and folders in it, or in a folder in it, in no order.
---@param path? string
---@return lunacoap.FolderEntry[]?, string?, integer?
function Folder:list(path) end

---An entry of a folder's list, a plain table.
---@class lunacoap.FolderEntry
---@field name string Its name.
---@field type "file"|"directory" Which it is.
---@field size integer? How many bytes a file has.

---@class lunacoap.OptionInit
---@field Number integer
---@field Value string|number
---@field ValueType? integer

---Options in their order: #list, list[i], ipairs(list).
---@class lunacoap.CoAPOptionList
---@field Count integer How many there are.
---@field [integer] lunacoap.CoAPOption
local CoAPOptionList = {}

---Adds a copy of an option at the end; returns its place.
---@param option lunacoap.CoAPOption|lunacoap.OptionInit
---@return integer
function CoAPOptionList:Add(option) end

---Removes the i-th option; the first is 1.
---@param i integer
function CoAPOptionList:RemoveAt(i) end

---Removes all options.
function CoAPOptionList:Clear() end

---Requests as they were when the property was read: #list, list[i], ipairs(list).
---@class lunacoap.CoAPRequestList
---@field Count integer How many there are.
---@field [integer] lunacoap.CoAPRequest

---@class lunacoap.Timer
local Timer = {}

---Ends the timer.
function Timer:stop() end

---Has it fire after so many seconds from now, whatever it was set to; also one that is over.
---@param after number
function Timer:again(after) end

---A task that spawn() has begun.
---@class lunacoap.Task
local Task = {}

---Ends a task that waits or has not begun yet: its to-be-closed variables are closed, and nothing is told
---but what these raise. A request that it waits for goes on without it. Raises for a task that runs, such
---as this one.
---@return boolean cancelled False when it had ended before.
function Task:cancel() end

---Whether it has ended.
---@return boolean
function Task:ended() end

---Waits until it has ended, or some seconds are over.
---@param seconds? number
---@return boolean ended
function Task:wait(seconds) end

---A link: its parameters are fields: a string, true without a value, a list when repeated.
---@class lunacoap.Link
---@field target string
---@field [string] string|true|string[]

---A method's number.
---@class lunacoap.Method
---@field DELETE integer 4
---@field FETCH integer 5
---@field GET integer 1
---@field PATCH integer 6
---@field POST integer 2
---@field PUT integer 3
---@field iPATCH integer 7

---A method's name by its number.
---@class lunacoap.MethodName
---@field [integer] string

---A response code such as "2.05".
---@class lunacoap.Code
---@field BadGateway string 5.02
---@field BadOption string 4.02
---@field BadRequest string 4.00
---@field Changed string 2.04
---@field Conflict string 4.09
---@field Content string 2.05
---@field Continue string 2.31
---@field Created string 2.01
---@field Deleted string 2.02
---@field Forbidden string 4.03
---@field GatewayTimeout string 5.04
---@field HopLimitReached string 5.08
---@field InternalServerError string 5.00
---@field MethodNotAllowed string 4.05
---@field NotAcceptable string 4.06
---@field NotFound string 4.04
---@field NotImplemented string 5.01
---@field PreconditionFailed string 4.12
---@field ProxyingNotSupported string 5.05
---@field RequestEntityIncomplete string 4.08
---@field RequestEntityTooLarge string 4.13
---@field ServiceUnavailable string 5.03
---@field TooManyRequests string 4.29
---@field Unauthorized string 4.01
---@field UnprocessableEntity string 4.22
---@field UnsupportedContentFormat string 4.15
---@field Valid string 2.03

---A code's name, such as "Content".
---@class lunacoap.CodeName
---@field ["0.01"] string GET
---@field ["0.02"] string POST
---@field ["0.03"] string PUT
---@field ["0.04"] string DELETE
---@field ["0.05"] string FETCH
---@field ["0.06"] string PATCH
---@field ["0.07"] string iPATCH
---@field ["2.01"] string Created
---@field ["2.02"] string Deleted
---@field ["2.03"] string Valid
---@field ["2.04"] string Changed
---@field ["2.05"] string Content
---@field ["2.31"] string Continue
---@field ["4.00"] string Bad Request
---@field ["4.01"] string Unauthorized
---@field ["4.02"] string Bad Option
---@field ["4.03"] string Forbidden
---@field ["4.04"] string Not Found
---@field ["4.05"] string Method Not Allowed
---@field ["4.06"] string Not Acceptable
---@field ["4.08"] string Request Entity Incomplete
---@field ["4.09"] string Conflict
---@field ["4.12"] string Precondition Failed
---@field ["4.13"] string Request Entity Too Large
---@field ["4.15"] string Unsupported Content-Format
---@field ["4.22"] string Unprocessable Entity
---@field ["4.29"] string Too Many Requests
---@field ["5.00"] string Internal Server Error
---@field ["5.01"] string Not Implemented
---@field ["5.02"] string Bad Gateway
---@field ["5.03"] string Service Unavailable
---@field ["5.04"] string Gateway Timeout
---@field ["5.05"] string Proxying Not Supported
---@field ["5.08"] string Hop Limit Reached
---@field ["7.01"] string CSM
---@field ["7.02"] string Ping
---@field ["7.03"] string Pong
---@field ["7.04"] string Release
---@field ["7.05"] string Abort

---A content-format's number by its media type.
---@class lunacoap.ContentFormat
---@field ["application/ace+cbor"] integer 19
---@field ["application/ace-groupcomm+cbor"] integer 261
---@field ["application/ace-trl+cbor"] integer 262
---@field ["application/aif+cbor"] integer 290
---@field ["application/aif+cbor; toid=CRI-local-part"] integer 292
---@field ["application/aif+cbor; toid=oscore-gname; tperm=oscore-gperm"] integer 297
---@field ["application/aif+json"] integer 291
---@field ["application/aif+json; toid=oscore-gname; tperm=oscore-gperm"] integer 298
---@field ["application/cbor"] integer 60
---@field ["application/cbor deflate"] integer 11060
---@field ["application/cbor-seq"] integer 63
---@field ["application/ce+cbor"] integer 10571
---@field ["application/ce+cbor; profile=2.16.840.1.113741.1.16.1"] integer 10573
---@field ["application/cid-edhoc+cbor-seq"] integer 65
---@field ["application/cmw+cbor"] integer 273
---@field ["application/cmw+cose"] integer 275
---@field ["application/cmw+json"] integer 274
---@field ["application/cmw+jws"] integer 276
---@field ["application/coap-eap"] integer 269
---@field ["application/coap-group+json"] integer 256
---@field ["application/concise-problem-details+cbor"] integer 257
---@field ["application/cose-key"] integer 101
---@field ["application/cose-key-set"] integer 102
---@field ['application/cose; cose-type="cose-encrypt"'] integer 96
---@field ['application/cose; cose-type="cose-encrypt0"'] integer 16
---@field ['application/cose; cose-type="cose-mac"'] integer 97
---@field ['application/cose; cose-type="cose-mac0"'] integer 17
---@field ['application/cose; cose-type="cose-sign"'] integer 98
---@field ['application/cose; cose-type="cose-sign1"'] integer 18
---@field ["application/csrattrs"] integer 285
---@field ["application/cwt"] integer 61
---@field ["application/dns-message"] integer 553
---@field ["application/dots+cbor"] integer 271
---@field ["application/eat+cwt"] integer 263
---@field ['application/eat+cwt; eat_profile="tag:psacertified.org,2019:psa#legacy"'] integer 10004
---@field ['application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"'] integer 10003
---@field ["application/eat+cwt; eat_profile=2.16.840.1.113741.1.16.1"] integer 10005
---@field ["application/eat+jwt"] integer 264
---@field ["application/eat-bun+cbor"] integer 265
---@field ["application/eat-bun+json"] integer 266
---@field ["application/eat-ucs+cbor"] integer 267
---@field ["application/eat-ucs+json"] integer 268
---@field ["application/edhoc+cbor-seq"] integer 64
---@field ["application/exi"] integer 47
---@field ["application/javascript"] integer 10002
---@field ["application/json"] integer 50
---@field ["application/json deflate"] integer 11050
---@field ["application/json zstd"] integer 12050
---@field ["application/json-patch+json"] integer 51
---@field ["application/kb+cwt"] integer 294
---@field ["application/link-format"] integer 40
---@field ["application/measured-component+cbor"] integer 295
---@field ["application/measured-component+json"] integer 296
---@field ["application/merge-patch+json"] integer 52
---@field ["application/missing-blocks+cbor-seq"] integer 272
---@field ["application/multipart-core"] integer 62
---@field ["application/octet-stream"] integer 42
---@field ["application/oscore"] integer 10001
---@field ["application/pkcs10"] integer 286
---@field ["application/pkcs7-mime; smime-type=certs-only"] integer 281
---@field ["application/pkcs7-mime; smime-type=server-generated-key"] integer 280
---@field ["application/pkcs8"] integer 284
---@field ["application/pkix-cert"] integer 287
---@field ["application/pkixcmp"] integer 259
---@field ["application/scitt-receipt+cose"] integer 278
---@field ["application/scitt-statement+cose"] integer 277
---@field ["application/sd-cwt"] integer 293
---@field ["application/sdf+json"] integer 434
---@field ["application/senml+cbor"] integer 112
---@field ["application/senml+json"] integer 110
---@field ["application/senml+xml"] integer 310
---@field ["application/senml-etch+cbor"] integer 322
---@field ["application/senml-etch+json"] integer 320
---@field ["application/senml-exi"] integer 114
---@field ["application/sensml+cbor"] integer 113
---@field ["application/sensml+json"] integer 111
---@field ["application/sensml+xml"] integer 311
---@field ["application/sensml-exi"] integer 115
---@field ["application/statuslist+cwt"] integer 279
---@field ["application/suit-report+cose"] integer 270
---@field ["application/swid+cbor"] integer 258
---@field ["application/syslog-msg"] integer 10007
---@field ["application/td+json"] integer 432
---@field ["application/tm+json"] integer 433
---@field ["application/toc+cbor"] integer 10570
---@field ["application/toc+cbor; profile=2.16.840.1.113741.1.16.1"] integer 10572
---@field ["application/uccs+cbor"] integer 601
---@field ["application/vnd.as207960.vas.config+jer"] integer 20001
---@field ["application/vnd.as207960.vas.config+uper"] integer 20002
---@field ["application/vnd.as207960.vas.tap+jer"] integer 20003
---@field ["application/vnd.as207960.vas.tap+uper"] integer 20004
---@field ["application/vnd.ocf+cbor"] integer 10000
---@field ["application/vnd.oma.lwm2m+cbor"] integer 11544
---@field ["application/vnd.oma.lwm2m+json"] integer 11543
---@field ["application/vnd.oma.lwm2m+tlv"] integer 11542
---@field ["application/vnd.oms.cellular-cose-content+cbor"] integer 10006
---@field ["application/voucher+cose"] integer 836
---@field ["application/xml"] integer 41
---@field ["application/xml zstd"] integer 12041
---@field ["application/yang-data+cbor"] integer 340
---@field ["application/yang-data+cbor; id=name"] integer 341
---@field ["application/yang-data+cbor; id=sid"] integer 140
---@field ["application/yang-sid+json"] integer 260
---@field ["image/gif"] integer 21
---@field ["image/jpeg"] integer 22
---@field ["image/png"] integer 23
---@field ["image/svg+xml"] integer 30000
---@field ["text/css"] integer 20000
---@field ["text/plain"] integer 0
---@field ["text/plain; charset=utf-8"] integer 0
---@field ["text/plain; charset=utf-8 zstd"] integer 12000
---@field ["text/plain;charset=utf-8"] integer 0

---A content-format's media type by its number.
---@class lunacoap.ContentFormatName
---@field [integer] string

---An option's number by its name.
---@class lunacoap.OptionNumber
---@field Accept integer 17
---@field Block1 integer 27
---@field Block2 integer 23
---@field ["Content-Format"] integer 12
---@field EDHOC integer 21
---@field ETag integer 4
---@field Echo integer 252
---@field ["Hop-Limit"] integer 16
---@field ["If-Match"] integer 1
---@field ["If-None-Match"] integer 5
---@field ["Location-Path"] integer 8
---@field ["Location-Query"] integer 20
---@field ["Max-Age"] integer 14
---@field ["No-Response"] integer 258
---@field ["OCF-Accept-Content-Format-Version"] integer 2049
---@field ["OCF-Content-Format-Version"] integer 2053
---@field OSCORE integer 9
---@field Observe integer 6
---@field ["Proxy-Cri"] integer 235
---@field ["Proxy-Scheme"] integer 39
---@field ["Proxy-Scheme-Number"] integer 239
---@field ["Proxy-Uri"] integer 35
---@field ["Q-Block1"] integer 19
---@field ["Q-Block2"] integer 31
---@field ["Request-Tag"] integer 292
---@field ["SCP82-Params"] integer 2055
---@field Size1 integer 60
---@field Size2 integer 28
---@field ["Uri-Host"] integer 3
---@field ["Uri-Path"] integer 11
---@field ["Uri-Port"] integer 7
---@field ["Uri-Query"] integer 15
---@field ["X-Admin-Protocol"] integer 2056

---An option's name by its number.
---@class lunacoap.OptionName
---@field [integer] string

---The kinds of certificate stores.
---@class lunacoap.StoreType
---@field cstAuto integer 99
---@field cstBCFKSBlob integer 22
---@field cstBCFKSFile integer 21
---@field cstJKSBlob integer 5
---@field cstJKSFile integer 4
---@field cstJWKBlob integer 19
---@field cstJWKFile integer 18
---@field cstMachine integer 1
---@field cstP7BBlob integer 12
---@field cstP7BFile integer 11
---@field cstPEMKeyBlob integer 7
---@field cstPEMKeyFile integer 6
---@field cstPFXBlob integer 3
---@field cstPFXFile integer 2
---@field cstPKCS11 integer 23
---@field cstPPKBlob integer 15
---@field cstPPKFile integer 14
---@field cstPublicKeyBlob integer 9
---@field cstPublicKeyFile integer 8
---@field cstSSHPublicKeyBlob integer 10
---@field cstSSHPublicKeyFile integer 13
---@field cstUser integer 0
---@field cstXMLBlob integer 17
---@field cstXMLFile integer 16

---How an option's Value is written.
---@class lunacoap.ValueType
---@field ovtBinary integer 2
---@field ovtString integer 0
---@field ovtUInt integer 1

return lunacoap
