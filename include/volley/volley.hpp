#pragma once
// Everything an application needs.

#include <volley/accumulator.hpp>
#include <volley/application.hpp>
#include <volley/barrier.hpp>
#include <volley/broadcast.hpp>
#include <volley/closure.hpp>
#include <volley/context.hpp>
#include <volley/error.hpp>
#include <volley/files.hpp>
#include <volley/future.hpp>
#include <volley/hash.hpp>
#include <volley/hdf5.hpp>
#include <volley/listener.hpp>
#include <volley/order.hpp>
#include <volley/partial_result.hpp>
#include <volley/partitioner.hpp>
#include <volley/rdd.hpp>
#include <volley/running_task.hpp>
#include <volley/statistics.hpp>
#include <volley/task_context.hpp>
#include <volley/text.hpp>
#include <volley/types.hpp>
