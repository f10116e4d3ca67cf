#!/bin/bash
# SPDX-License-Identifier: MIT
# What an operation's directory says of flags and dependencies, and what it refuses.
. "$(dirname "$0")/../lib/lib.sh"

cat >"$PROJECT/guild.yml" <<'END'
- model: cnn
  operations:
    train:
      main: train
      flags-import: all
      flags:
        lr: {description: Learning rate, type: float, min: 0, max: 1}
        name: {required: yes, description: What to call it}
        opt:
          choices: [{value: adam, description: The usual one}, {value: sgd, flags: {lr: 0.5}}]
          default: adam
      requires: [data, {file: cfg.yml, rename: cfg.yml conf.yml}]
    bad:
      exec: cat nothing
      requires: {operation: nosuch, help: Run nosuch first.}
  resources:
    data: {sources: [{url: 'http://127.0.0.1:9/x.zip', sha256: abc}, {module: no_such_module}]}
END
printf 'lr = 0.1\nepochs = 3\nname = None\nprint(lr, epochs, name)\n' >"$PROJECT/train.py"
start_mount
cd "$MNT/models/cnn/operations/train" || exit 1

equal "help" "epochs  number  (default is 3)
lr  float  (default is 0.1)
    Learning rate
    at least 0, at most 1
name  required
    What to call it
opt  (default is adam)
    choices: adam, sgd
      adam: The usual one" "$(head -9 help)"
matches "help names the Python" "Its Python is /.*python" "$(cat help)"
equal "requires" "http://127.0.0.1:9/x.zip  resource: data
module:no_such_module  resource: data
file:cfg.yml  rename: cfg.yml conf.yml" "$(cat requires)"
equal "a resource: sources and whether they are there" "- source: http://127.0.0.1:9/x.zip
  type: url
  location: http://127.0.0.1:9/x.zip
  sha256: abc
  resolved: no
- source: module:no_such_module
  type: module
  location: no_such_module
  resolved: unknown" "$(cat ../../resources/data)"

# refused NAME TEXT ERROR: /bin/echo, since a fault of the whole text shows when it closes.
refused() {
	refuse "$1" /bin/sh -c "/bin/echo '$2' >flags"
	equal "$1: why" "$3" "$(cat error)"
}
refused "out of range" "lr: 2" "line 1: invalid value 2.0 for lr: out of range (greater than max 1)"
refused "type" "lr: abc" "line 1: invalid value abc for lr: invalid value for type 'float'"
refused "choice" "opt: foo" "line 1: invalid value foo for flag 'opt'; the choices are: adam, sgd"
refused "required" "epochs: 5" "flag 'name' is required: give it a value"
refused "unknown" "nme: x" "line 1: unknown flag 'nme' - did you mean 'name'?; the flags are: epochs, lr, name, opt"
equal "nothing was started" 0 "$(count_runs)"

# A choice sets other flags; what does not resolve ends the run with advice.
echo 'name: x, opt: sgd' | sed 's/, /\n/' >flags
finish
equal "a choice sets other flags" "lr: 0.5" "$(grep lr "$MNT/runs/latest/flags")"
equal "an unmet dependency is an error" error "$(cat "$MNT/runs/latest/status")"
matches "its output says what to do" "could not connect; check the host and the port" "$(cat "$MNT/runs/latest/output")"
echo >../bad/flags
finish
equal "help of the source" "Run nosuch first." "$(tail -1 "$MNT/runs/latest/output")"
