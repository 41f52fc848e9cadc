#!/bin/sh
# Where the agent does its work. What it does last says that it is done: whoever is killed before has done nothing.
set -e
id=$1
file=$2

echo "$AGENT begins $id"
sleep "${EFFORT:-0.1}" # thinks
cp "$file" "$file.$AGENT" 2>/dev/null || : > "$file.$AGENT"
echo "$id" >> "$file.$AGENT"
mv "$file.$AGENT" "$file"
linda out "[\"done\", \"$id\"]"
