// word_count INPUT OUTPUT: counts the words of text files.
//
// INPUT is a file, a directory, a glob or a comma-separated list of these; OUTPUT is a directory
// that does not exist yet. Prints the ten most frequent words and writes all of them as
// (word,count) lines.

#include <volley/volley.hpp>

#include <iostream>

int word_count(volley::Context& context, const std::vector<std::string>& args) {
  if (args.size() != 2) {
    std::cerr << "usage: word_count INPUT OUTPUT\n";
    return 2;
  }
  auto counts =
      context
          .text_file(args[0])
          // Each line gives its words. They are views into the mapped file: nothing is copied.
          .flat_map([](std::string_view line, auto&& emit) { volley::for_each_word(line, emit); })
          .map([](std::string_view word) {
            return std::pair{word, 1L};
          })
          // Equal words meet here; each executor adds up its own first.
          .reduce_by_key(std::plus<>{});
  counts.cache();  // used twice below
  for (const auto& [word, n] : counts.top(10, volley::by_value))
    std::cout << word << '\t' << n << '\n';
  counts.save_as_text_file(args[1]);
  return 0;
}
VOLLEY_APPLICATION(word_count)
