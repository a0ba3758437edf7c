-- lunacoap.folder: the files of a folder, and nothing outside of it.
local lunacoap = require "lunacoap"
local process = require "spec.support.process"
local scarcity = require "spec.support.scarcity"

-- Numbers of the system's errors.
local ENOENT, ENXIO, ENOTDIR, EISDIR, EFBIG = 2, 6, 20, 21, 27

local at, folder

local function sh(command)
  assert(os.execute(("cd %s && { %s; }"):format(at, command)))
end

local function output_of(command)
  local pipe <close> = assert(io.popen(("cd %s && { %s; }"):format(at, command)))
  return pipe:read("a")
end

-- What a method failed with: its number.
local function number_of(result, message, number)
  assert.is_nil(result)
  assert.is_string(message)
  return number
end

describe("lunacoap.folder", function()
  before_each(function()
    local pipe <close> = assert(io.popen("mktemp -d"))
    at = pipe:read("l")
    sh [[mkdir -p public/sub; printf hello >public/a.txt; printf inner >public/sub/b; printf secret >secret
      cd public; ln -s ../secret link; ln -s .. up; ln -s sub inside; mkfifo pipe]]
    folder = assert(lunacoap.folder(at .. "/public"))
  end)

  after_each(function() os.execute("chmod -R u+rwx " .. at .. "; rm -r " .. at) end)

  it("is for folders alone, which a link may name", function()
    sh "ln -s public current"
    assert.are.equal("hello", assert(lunacoap.folder(at .. "/current")):read("a.txt"))
    for path, number in pairs { [at .. "/none"] = ENOENT, [at .. "/secret"] = ENOTDIR } do
      local none, message, found = lunacoap.folder(path)
      assert.are.same({ "nil", number }, { type(none), found })
      assert.are.equal(path, message:sub(1, #path))
    end
    assert.are.equal("lunacoap.Folder: " .. at .. "/public", tostring(folder))
  end)

  it("is the one that has its path now", function()
    sh "mv public former; mkdir public; printf new >public/a.txt"
    assert.are.equal("new", folder:read("a.txt"))
  end)

  it("reads files, none longer than a limit", function()
    assert.are.equal("hello", folder:read("a.txt"))
    assert.are.equal("inner", folder:read("sub/b"))
    assert.are.equal("hello", folder:read("a.txt", 5))
    assert.are.equal(EFBIG, number_of(folder:read("a.txt", 4)))
    local none, message, number = folder:read("none")
    assert.are.same({ "nil", "none: No such file or directory", ENOENT }, { type(none), message, number })
    assert.are.equal(EISDIR, number_of(folder:read("sub")))
    assert.are.equal(EISDIR, number_of(folder:read("sub/")))
    assert.are.equal(EISDIR, number_of(folder:read("")))
  end)

  it("reads files whose length is told only at their end", function()
    assert.matches("^%S+ %(lunacoap", assert(lunacoap.folder("/proc/self")):read("stat"))
  end)

  it("writes files anew, and says whether they were there", function()
    assert.are.equal("created", folder:write("sub/new", "one"))
    assert.are.equal("replaced", folder:write("sub/new", "2\0"))
    assert.are.equal("2\0", folder:read("sub/new"))
    assert.are.equal("b\nnew\n", output_of "ls -A public/sub")
    assert.are.equal(ENOENT, number_of(folder:write("none/x", "")))
    assert.are.equal(ENOENT, number_of(folder:write("new/", "")))
    assert.are.equal(ENOTDIR, number_of(folder:write("a.txt/x", "")))
    assert.are.equal(EISDIR, number_of(folder:write("sub", "")))
    assert.are.equal(EISDIR, number_of(folder:write("", "")))
  end)

  it("keeps who may do what with a file that it replaces", function()
    sh "umask 022; cd public; chmod 640 a.txt; chmod 4755 sub/b"
    folder:write("a.txt", "x")
    folder:write("sub/b", "x")
    folder:write("new", "x")
    assert.are.equal("640\n", output_of "stat -c %a public/a.txt")
    assert.are.equal("755\n", output_of "stat -c %a public/sub/b") -- whoever writes does not become its owner
    assert.are.equal(output_of "touch usual; stat -c %a usual", output_of "stat -c %a public/new")
  end)

  it("removes files", function()
    assert.is_true(folder:remove("sub/b"))
    assert.are.equal(ENOENT, number_of(folder:remove("sub/b")))
    assert.are.equal(EISDIR, number_of(folder:remove("sub")))
    assert.are.equal(EISDIR, number_of(folder:remove("")))
    assert.are.equal("a.txt\ninside\nlink\npipe\nsub\nup\n", output_of "ls -A public")
  end)

  it("lists the files and folders in it", function()
    local function list(...)
      local entries = assert(folder:list(...))
      table.sort(entries, function(a, b) return a.name < b.name end)
      return entries
    end
    local both = { { name = "a.txt", type = "file", size = 5 }, { name = "sub", type = "directory" } }
    assert.are.same(both, list())
    assert.are.same(both, list(""))
    for _, path in ipairs { "sub", "sub/" } do
      assert.are.same({ { name = "b", type = "file", size = 5 } }, list(path))
    end
    assert.are.equal(ENOENT, number_of(folder:list("none")))
    for _, path in ipairs { "a.txt", "inside", "inside/", "up", "pipe" } do
      assert.are.equal(ENOTDIR, number_of(folder:list(path)))
    end
  end)

  it("lists each of many", function()
    sh "cd public/sub; for i in $(seq 3000); do : >name-that-is-long-$i; done"
    assert.are.equal(3001, #folder:list("sub"))
  end)

  it("leads nowhere else, and waits for nobody", function()
    local function refuses(number, path)
      assert.are.equal(number, number_of(folder:read(path)), path)
      assert.are.equal(number, number_of(folder:write(path, "x")), path)
      assert.are.equal(number, number_of(folder:remove(path)), path)
    end
    for _, path in ipairs { "link", "..", ".", "../secret", "sub/../a.txt", "./a.txt", "sub//b", "/a.txt",
      at .. "/secret", "sub/..", "a.txt\0", "\0", ("n"):rep(255) .. "/x" } do
      refuses(ENOENT, path)
    end
    for _, path in ipairs { "up/secret", "inside/b", "inside/", "a.txt/", "a.txt/x", "pipe/x" } do
      refuses(ENOTDIR, path)
    end
    refuses(ENXIO, "pipe")
    assert.are.equal("secret", output_of "cat secret")
  end)

  it("writes into no pipe that somebody reads", function()
    local reader <close> = process.start(("cat %s/public/pipe"):format(at))
    for _ = 1, 20 do
      assert.are.equal(ENXIO, number_of(folder:write("pipe", "x")))
      lunacoap.sleep(0.001)
    end
    assert.are.equal("", reader:output())
  end)

  it("has no file open, and no memory, when it is done or has failed", function()
    local function descriptors()
      return select(2, output_of("ls /proc/$PPID/fd"):gsub("\n", ""))
    end
    local before = descriptors()
    for _, path in ipairs { "a.txt", "sub/b", "link", "pipe", "", "none", "none/x", "a.txt/x" } do
      folder:read(path)
      folder:read(path, 1)
      folder:write(path, "x")
      folder:list(path)
      folder:remove(path)
    end
    assert.are.equal(before, descriptors())
    folder:write("a.txt", ("x"):rep(10000))
    assert.is_true(scarcity.of_runtime(function() return folder:read("a.txt"), folder:list() end) > 1)
  end)

  it("says what its methods take, and which it has", function()
    for message, wrong in pairs {
      ["a folder reads a path such as \"sub/a.txt\", not nil"] = function() folder:read() end,
      ["a folder lists a path such as \"sub/a.txt\", not 1"] = function() folder:list(1) end,
      ["a folder reads at most a number of bytes, not -1"] = function() folder:read("a", -1) end,
      ["a folder reads at most a number of bytes, not '5'"] = function() folder:read("a", "5") end,
      ["a folder writes bytes as a string, not true"] = function() folder:write("a", true) end,
      ["folder takes the path of one, not nil"] = function() lunacoap.folder() end,
      ["a folder has no field 'reed'; did you mean 'read'?"] = function() return folder.reed end,
      ["a method of a folder was called on nil; write folder:method(), with a colon"] =
        function() folder.read() end,
    } do
      local ok, err = pcall(wrong)
      assert.is_false(ok)
      assert.are.equal(message, err.Message)
    end
  end)
end)
