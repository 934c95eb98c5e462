#pragma once
// The driver's options about scheduling, from the configuration. Whoever starts the application has
// validated it.

#include "config/configuration.hpp"
#include "driver/options.hpp"

namespace volley::launch {

void read_scheduling_options(const config::Configuration& configuration, driver::Options& options);

}  // namespace volley::launch
