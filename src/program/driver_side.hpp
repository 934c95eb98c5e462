#pragma once
// Where the handles of shared variables lead in the process of the program: a handle is a few words
// without an address, which closures carry to executors, so it names its context by a number that
// only means something here. Numbers count up from 1, those of contexts that are gone are used
// again, so that the same program has the same captures in every run; a process with no program has
// none.

#include <cstdint>
#include <memory>
#include <vector>

namespace volley::program {

class ContextCore;

/// Makes a context known as long as it lives; returns its number, never 0.
std::uint32_t note_context(const std::shared_ptr<ContextCore>& core);
/// Null when there is no such context in this process, or it is gone.
std::shared_ptr<ContextCore> find_context(std::uint32_t number);
/// All that live in this process.
std::vector<std::shared_ptr<ContextCore>> living_contexts();

}  // namespace volley::program
