# volley_add_application(name source...): builds the executable `name` (runs under mpirun by itself or
# through `volley run`) and the module `name.so` (for `volley run name.so`) from the same objects: what
# is set for the target `name`, libraries too, holds for both. The source says
# VOLLEY_APPLICATION(function) once.
function(volley_add_application name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE volley)
  target_compile_options(${name} PRIVATE -fPIC)
  add_library(${name}_module MODULE $<TARGET_OBJECTS:${name}>)
  set_target_properties(${name}_module PROPERTIES PREFIX "" OUTPUT_NAME ${name} LINKER_LANGUAGE CXX)
  target_link_libraries(${name}_module PRIVATE $<TARGET_PROPERTY:${name},LINK_LIBRARIES>)
endfunction()
