-- The tables of functions that are fields of the module, for spec/surface.lua: functions as there,
-- fields and classes { name, what it is, ... }.

local LINKFORMAT = {
  name = "linkformat",
  doc = "CoRE Link Format (RFC 6690).",
  functions = {
    { "parse", { "text: string" }, "lunacoap.Link[]?, string?",
      "Links from link-format text, or nil and what is wrong with it." },
    { "format", { "links: lunacoap.Link[]" }, "string",
      "Link-format text from links." },
    { "filter", { "text: string", "query: string" }, "string?, string?",
      'The links of a text that match a query such as "rt=temp*".' },
  },
}

local CBOR = {
  name = "cbor",
  doc = "CBOR (RFC 8949): a table whose keys are 1, 2, 3 ... is an array, another one a map.",
  fields = {
    { "null", "lightuserdata", "CBOR's null, and JSON's." },
    { "undefined", "lunacoap.cbor.Simple", "CBOR's undefined." },
  },
  functions = {
    { "encode", { "value: any" }, "string",
      "The value in deterministic CBOR; raises for what CBOR has nothing for." },
    { "decode", { "bytes: string" }, "any, string?",
      "The value of one item, or nil and what is wrong with it, at which byte." },
    { "diagnose", { "bytes: string", "indent?: integer" }, "string?, string?",
      "One item in diagnostic notation, or nil and what is wrong with it; with indent on several lines." },
    { "bytes", { "s: string" }, "lunacoap.cbor.Bytes",
      "A byte string: a Lua string is text if it is UTF-8." },
    { "tagged", { "tag: integer", "value: any" }, "lunacoap.cbor.Tagged",
      "A value with a tag; one above 2^63-1 is the negative integer of the same 64 bits." },
    { "simple", { "n: integer" }, "boolean|lightuserdata|lunacoap.cbor.Simple",
      "A simple value by its number." },
    { "array", { "t?: table" }, "table",
      "Marks a table, or a new one, as an array even when it is empty; also in JSON." },
    { "map", { "t?: table" }, "table",
      "Marks a table, or a new one, as a map even when its keys are 1, 2, 3 ..." },
    { "type", { "value: any" }, "string?",
      'What made a value: "bytes", "tagged", "simple", "array" or "map"; nil for all others.' },
  },
  classes = {
    { "Bytes", "A byte string; #b is its length, equal ones are the same object.", {
      { "value", "string", "The bytes." },
    } },
    { "Tagged", "A value with a tag.", {
      { "tag", "integer", "The tag." },
      { "value", "any", "The value." },
    } },
    { "Simple", "A simple value without a name of its own.", {
      { "value", "integer", "Its number." },
    } },
  },
}

local JSON = {
  name = "json",
  doc = "JSON (RFC 8259); tables are arrays or objects as in CBOR.",
  fields = { { "null", "lightuserdata", "JSON's null, and CBOR's." } },
  functions = {
    { "encode", { "value: any" }, "string",
      "The value as JSON, keys in order; raises for what JSON has nothing for." },
    { "decode", { "text: string" }, "any, string?",
      "The value of a text, or nil and what is wrong with it, at which byte." },
    { "pretty", { "text: string" }, "string?, string?",
      "The text on several lines, keys in the order of the text, or nil and what is wrong with it." },
    { "array", { "t?: table" }, "table",
      "Marks a table, or a new one, as an array even when it is empty; also in CBOR." },
  },
}

local MESSAGE = {
  name = "message",
  doc = "CoAP messages as tables and bytes (RFC 7252 section 3), illegal ones on purpose too.",
  functions = {
    { "encode", { "fields: lunacoap.message.Fields" }, "string",
      "The bytes of a message; raises for a table that describes none." },
    { "decode", { "bytes: string" }, "lunacoap.message.Message?, string?",
      "A message taken apart, or nil and what is wrong with it, at which byte." },
    { "describe", { "bytes: string" }, "string",
      "A message in one line, with what is wrong with it if it is malformed." },
  },
  classes = {
    { "Option", "An option that was received.", {
      { "Number", "integer", "Which option." },
      { "Name?", "string", "Its name, if it is a known one." },
      { "Value", "string", "Its bytes." },
    } },
    { "Message", "A message taken apart; message.encode gives its bytes back.", {
      { "version", "integer", "1." },
      { "type", "string", '"CON", "NON", "ACK" or "RST".' },
      { "code", "string", 'Such as "0.01" or "2.05".' },
      { "id", "integer", "The Message ID." },
      { "token", "string", "Its bytes." },
      { "options", "lunacoap.message.Option[]", "In the order of arrival." },
      { "payload", "string", "Its bytes." },
    } },
    { "Fields", "What message.encode takes; the last five are for illegal messages.", {
      { "type?", "string|integer", '"CON" unless given.' },
      { "code?", "string|integer", 'Such as "GET", "Content", "2.05" or 69; an Empty message needs none.' },
      { "id", "integer", "The Message ID." },
      { "token?", "string", "Its bytes." },
      { "options?", "table[]",
        "Each { name or number, value }: bytes, an integer, or a block { num =, more =, size = }." },
      { "payload?", "string", "Its bytes." },
      { "version?", "integer", "0 to 3." },
      { "token_length?", "integer", "What the header says, 0 to 15, whatever the token has." },
      { "option_bytes?", "string", "Bytes that stand behind the options." },
      { "marker?", "boolean", "Whether the payload marker is there, whatever the payload is." },
      { "tail?", "string", "Bytes that stand at the end." },
    } },
  },
}

local CAPTURE = {
  name = "capture",
  doc = "The datagrams that all components send and receive, in memory and in pcapng files.",
  functions = {
    { "keep", { "n?: integer" }, "integer",
      "Keeps the last n datagrams, 0 forgets them; returns how many were kept before." },
    { "mark", {}, "integer", "The number of the next datagram." },
    { "list", { "since?: integer", "coap?: lunacoap.CoAP" }, "lunacoap.capture.Datagram[]",
      "The datagrams that are kept, from a number on, the oldest first: what one component has sent and "
        .. "received, or all." },
    { "write", { "path: string" }, nil,
      "Writes the datagrams that are kept to a pcapng file, with the secrets of DTLS sessions." },
    { "file", { "path: string|nil" }, nil,
      "Writes all datagrams to a pcapng file from now on; nil closes it, and raises if it was cut." },
  },
  classes = {
    { "Datagram", "One datagram; over DTLS another one tells what it held.", {
      { "number", "integer", "The first one has 1." },
      { "time", "number", "When, by lunacoap.now()." },
      { "direction", '"sent"|"received"', "Seen from the component." },
      { "local_address", "string", "The component's address, such as 127.0.0.1:5683." },
      { "remote", "string", "The other one's." },
      { "data", "string", "The bytes." },
      { "secure?", "boolean", "Whether these are what DTLS protected, in clear." },
      { "fate?", '"dropped"', "What became of it; nil: it went on." },
      { "comment?", "string", "What faults did to it." },
    } },
  },
}

local PROCESS = {
  name = "process",
  doc = "Programs that a script starts; they end with it.",
  functions = {
    { "start", { "wanted: lunacoap.process.Wanted" }, "lunacoap.process.Process",
      "Starts a program, and waits for its line `ready` if there is one; raises when that does not come." },
  },
  classes = {
    { "Wanted", "What start takes: the program and its arguments as a list, and these.", {
      { "[integer]", "string|number", "The program, looked for in PATH, and its arguments." },
      { "ready?", "string", "A Lua pattern for a line of output: what is waited for." },
      { "within?", "number", "Seconds to wait for that. Default: 10." },
      { "env?", "table<string, string|number|false>", "Changes of the environment; false takes a name out." },
      { "cwd?", "string", "The folder in which it starts." },
    } },
    { "Process", "A program that was started. `<close>` and the collector end it.", {
      { "pid", "integer", "Its process id, and that of its group." },
      { "running", "boolean", "Whether it has not ended yet." },
      { "output", "string", "What it has printed on standard output and standard error: the last 256 KiB." },
      { "code", "integer|nil", "Its exit status, when it has ended by itself." },
      { "killed_by", "string|nil", "The signal that ended it, such as \"SIGKILL\"." },
      { "expect", "fun(self, pattern: string, within?: number): string ...",
        "Waits for the next line that a Lua pattern matches, and returns what it captures." },
      { "wait", "fun(self, within?: number): integer|nil, string|nil",
        "Waits for its end; returns the exit status, or nil and the signal that ended it." },
      { "signal", "fun(self, name: string)", "Sends a signal such as \"SIGHUP\" to it and to its group." },
      { "stop", "fun(self, grace?: number): integer|nil, string|nil",
        "Ends it by SIGTERM, after grace (5) seconds by SIGKILL; returns what wait does." },
      { "close", "fun(self)", "Ends it at once: half a second after SIGTERM comes SIGKILL." },
    } },
  },
}

return { LINKFORMAT, CBOR, JSON, MESSAGE, CAPTURE, PROCESS }
