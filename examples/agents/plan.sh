#!/bin/sh
# Plans the work: tasks, each with the task that has to be done before it and the file that it changes. What a file is
# free to be changed by is a tuple, too.
set -e

linda out '["file", "login.txt"]' '["file", "tests.txt"]' '["done", "start"]'
linda out \
  '["task", "session", "start", "login.txt"]' \
  '["task", "form", "session", "login.txt"]' \
  '["task", "cases", "start", "tests.txt"]' \
  '["task", "fixtures", "start", "tests.txt"]' \
  '["task", "review", "form", "tests.txt"]'
