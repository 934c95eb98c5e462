#include "cli/run_options.hpp"

namespace volley::cli {
namespace {

constexpr RunOption options[] = {
    {"--master", "", Meaning::key, "MASTER", "volley.master", "",
     "local[N], local[*], slurm, mpi (default: the Slurm allocation, else local[*])"},
    {"--deploy-mode", "", Meaning::key, "MODE", "volley.submit.deployMode", "",
     "cluster (driver beside the ApplicationMaster) or client"},
    {"--name", "", Meaning::key, "NAME", "volley.app.name", "", "name of the application"},
    {"--num-executors", "", Meaning::key, "N", "volley.executor.instances", "Number of executors",
     "executors to start (default: as many as fit)"},
    {"--executor-cores", "", Meaning::key, "N", "volley.executor.cores", "Executor cores",
     "slots of each executor (default: all of a rank)"},
    {"--executor-memory", "", Meaning::key, "SIZE", "volley.executor.memory", "Executor memory",
     "memory of each executor, such as 2g"},
    {"--driver-cores", "", Meaning::key, "N", "volley.driver.cores", "Driver cores",
     "slots reserved for the driver"},
    {"--driver-memory", "", Meaning::key, "SIZE", "volley.driver.memory", "Driver memory",
     "memory of the driver"},
    {"--files", "", Meaning::key, "A,B,...", "volley.files", "",
     "files to copy to every node; file_path(NAME) finds them"},
    {"--isolation", "", Meaning::key, "KIND", "volley.isolation", "",
     "containers are a process each, or none: threads of their rank"},
    {"--conf", "-c", Meaning::conf, "KEY=VALUE", "", "",
     "set an option; 'volley config' lists them"},
    {"--properties-file", "", Meaning::properties_file, "FILE", "", "", "read options from FILE"},
    {"--verbose", "-v", Meaning::verbose, "", "", "", "say every option's value and its source"},
    {"--help", "-h", Meaning::help, "", "", "", "print this text"},
    {"--version", "", Meaning::version, "", "", "", "print the version"},
    {"--class", "", Meaning::ignored, "NAME"},
    {"--jars", "", Meaning::ignored, "LIST"},
    {"--packages", "", Meaning::ignored, "LIST"},
    {"--exclude-packages", "", Meaning::ignored, "LIST"},
    {"--repositories", "", Meaning::ignored, "LIST"},
    {"--queue", "", Meaning::ignored, "NAME"},
    {"--driver-java-options", "", Meaning::ignored, "TEXT"},
    {"--driver-class-path", "", Meaning::ignored, "TEXT"},
    {"--driver-library-path", "", Meaning::ignored, "TEXT"},
};

}  // namespace

std::span<const RunOption> run_options() { return options; }

const RunOption* find_run_option(std::string_view name) {
  for (const RunOption& option : options) {
    if (option.name == name || (!name.empty() && option.short_name == name)) return &option;
  }
  return nullptr;
}

}  // namespace volley::cli
