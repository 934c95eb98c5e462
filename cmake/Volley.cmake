# volley_add_application(name source...): builds the executable `name` (runs under mpirun by itself or
# through `volley run`) and the module `name.so` (for `volley run name.so`). The source says
# VOLLEY_APPLICATION(function) once.
function(volley_add_application name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE volley)
  add_library(${name}_module MODULE ${ARGN})
  set_target_properties(${name}_module PROPERTIES PREFIX "" OUTPUT_NAME ${name})
  target_link_libraries(${name}_module PRIVATE volley)
endfunction()
