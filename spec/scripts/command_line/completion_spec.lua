-- Completions, as bash and zsh offer them for a line that a user has begun.
local command = require "spec.support.command"
local process = require "spec.support.process"

local ZSHRC = [==[
fpath=($ZDOTDIR $fpath)
autoload -U compinit && compinit -u -D
# Completion asks compadd -O, -A and -D what it would take; all others add words.
compadd() {
  if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
    local -a words
    builtin compadd -A words "$@"
    (( $#words )) && print -l -- $words >>$ZDOTDIR/found
  fi
  builtin compadd "$@"
}
complete_once() { zle complete-word; exit }
zle -N complete_once
bindkey '^I' complete_once
]==]

local BASH = [[
source ./lunacoap
COMP_WORDS=(%s)
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_lunacoap
printf '%%s\n' "${COMPREPLY[@]}" >found
]]

local folder

local function write(name, text)
  local file <close> = assert(io.open(folder .. "/" .. name, "w"))
  file:write(text)
end

-- The words that a shell found, sorted.
local function found()
  local words = {}
  local file <close> = assert(io.open(folder .. "/found"))
  for word in file:lines() do
    if word ~= "" then
      words[#words + 1] = word
    end
  end
  os.remove(folder .. "/found")
  table.sort(words)
  return words
end

local complete = {}

function complete.zsh(line)
  write("typed", line .. "\t")
  local child <close> = process.start(
    ("sh -c 'cd %s; ZDOTDIR=$PWD script -qec \"zsh -i\" /dev/null <typed'"):format(folder))
  child:finish()
  return found()
end

-- Bash has the words of the line, the last of which may be empty.
function complete.bash(line)
  write("typed", BASH:format(line:find(" $") and line .. "''" or line))
  local child <close> = process.start(("sh -c 'cd %s; bash typed'"):format(folder))
  child:finish()
  return found()
end

-- Lines and what completes them.
local COMPLETED = {
  ["lunacoap ge"] = { "get" },
  ["lunacoap p"] = { "patch", "post", "put" },
  ["lunacoap get --in"] = { "--include", "--insecure" },
  ["lunacoap put --fo"] = { "--format" },
  ["lunacoap put --format s"] = { "senml+cbor", "senml+json" },
  ["lunacoap get -a c"] = { "cbor" },
  ["lunacoap get --ca fi"] = { "file.txt" },
  ["lunacoap comp"] = { "completion" },
  ["lunacoap completion "] = { "bash", "man", "zsh" },
  ["lunacoap init "] = { "device", "server", "simulation", "test" },
  ["lunacoap sim"] = { "simulate" },
  ["lunacoap simulate --cou"] = { "--count" },
  ["lunacoap completion z"] = { "zsh" },
  ["lunacoap completion --h"] = { "--help" },
}

for shell, name in pairs { bash = "lunacoap", zsh = "_lunacoap" } do
  describe("completion by " .. shell, function()
    lazy_setup(function()
      folder = assert(io.popen("mktemp -d")):read("l")
      write(name, (command.run("completion " .. shell)))
      write(".zshrc", ZSHRC)
      write("file.txt", "")
    end)

    lazy_teardown(function()
      os.execute("rm -r " .. folder)
    end)

    it("completes a script, where none of the commands is meant", function()
      if shell == "bash" then
        assert.matches("%-o default lunacoap", (command.run "completion bash"))
      else
        assert.are.same({ "file.txt" }, complete.zsh "lunacoap fi")
      end
    end)

    for line, words in pairs(COMPLETED) do
      it(("completes '%s'"):format(line), function()
        assert.are.same(words, complete[shell](line))
      end)
    end
  end)
end
