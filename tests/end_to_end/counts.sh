# Sourced by tests of word count: a text whose words every definition of a word agrees on, its counts
# by other means, and what a job has saved.

# write_text FILE: words of lower-case letters with one space between them.
write_text() {
  awk 'BEGIN {
    for (line = 1; line <= 20000; line++) {
      for (i = 0; i < 8; i++) {
        printf "%sw%c%c", (i ? " " : ""), 97 + (line * i) % 26, 97 + (line + i * i) % 23
      }
      print ""
    }
  }' >"$1"
}

# Lines "word count", sorted.
count_by_hand() { tr ' ' '\n' <"$1" | sort | uniq -c | awk '{print $2, $1}' | sort; }

# The same of an output directory, whatever stands between word and count and around them.
saved_counts() { cat "$1"/part-* | sed -E 's/^\(?([a-z]+)[^a-z0-9]+([0-9]+)\)?$/\1 \2/' | sort; }
