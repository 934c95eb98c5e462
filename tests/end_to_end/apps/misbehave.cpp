// misbehave WHERE HOW OUTPUT: user code that does what it should not. WHERE is "task" or "driver";
// HOW is one of throw, throw_int, segfault, abort, exit, overflow, and for the driver also return,
// capture, or thread (an exception in a thread of the program's own).

#include <volley/volley.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

int fall(int depth) {
  volatile char room[4096];
  room[0] = static_cast<char>(depth);
  return fall(depth + 1) + room[0];
}

void misbehave(const std::string& how, int code) {
  if (how == "throw") throw std::runtime_error("the ninth wave");
  if (how == "throw_int") throw 9;
  if (how == "segfault") *static_cast<volatile int*>(nullptr) = 1;
  if (how == "abort") std::abort();
  if (how == "exit") std::exit(code);
  if (how == "overflow") std::exit(fall(0));
  if (how == "thread") std::thread([] { throw std::runtime_error("the tenth wave"); }).join();
}

/// Misbehaves on one record of the third partition.
struct Worse {
  std::string how;
  std::int64_t operator()(std::int64_t number) const {
    if (number == 250) misbehave(how, 3);
    return number;
  }
};

int program(volley::Context& context, const std::vector<std::string>& args) {
  const std::string& where = args.at(0);
  const std::string& how = args.at(1);
  if (where == "driver") {
    misbehave(how, 5);
    if (how == "return") return 7;
    int local = 4;
    context.range(0, 10)
        .map([&local](std::int64_t number) { return number + local; })
        .save_as_text_file(args.at(2));
  }
  context.range(0, 400, 1, 4).map(Worse{where == "task" ? how : ""}).save_as_text_file(args.at(2));
  return 0;
}

}  // namespace
VOLLEY_APPLICATION(program)
