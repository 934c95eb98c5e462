#pragma once
// A part of the option table: what survives the end of the MPI job, and how it is drained before
// its end. Only the table includes it.

#include "config/option_table.hpp"

namespace volley::config {

inline constexpr Option recovery_options[] = {
    {.key = "volley.recovery.dir",
     .type = OptionType::text,
     .fallback = "",
     .doc = "Directory, on a file system that all nodes see, where finished jobs leave their "
            "results and checkpoints are kept: a second run of the same application goes on from "
            "there; empty: nothing is kept.",
     .category = Category::application,
     .applies_to = AppliesTo::application},
    {.key = "volley.recovery.maxResultSize",
     .type = OptionType::bytes,
     .fallback = "64m",
     .doc = "A job whose results are larger leaves none there, and is run again.",
     .category = Category::application,
     .applies_to = AppliesTo::application,
     .minimum = "0",
     .unit = "b"},
    {.key = "volley.drain.timeout",
     .type = OptionType::duration,
     .fallback = "30s",
     .doc = "How long jobs may go on after USR1 has asked the run to end (exit code 75).",
     .category = Category::application,
     .applies_to = AppliesTo::application,
     .minimum = "0",
     .maximum = "24h",
     .unit = "s"},
    {.key = "volley.drain.beforeEnd",
     .type = OptionType::duration,
     .fallback = "0",
     .doc = "The run drains by itself so long before the end of the Slurm job "
            "(SLURM_JOB_END_TIME); 0: never.",
     .category = Category::application,
     .applies_to = AppliesTo::application,
     .minimum = "0",
     .maximum = "365d",
     .unit = "s"},
};

}  // namespace volley::config
