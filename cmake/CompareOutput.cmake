# cmake -DCOMMAND="program;argument..." -DFILE=expected -P CompareOutput.cmake
# Fails unless the command prints exactly what the file holds.
execute_process(COMMAND ${COMMAND} OUTPUT_VARIABLE printed RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${COMMAND} failed: ${result}")
endif()
file(READ ${FILE} expected)
if(NOT printed STREQUAL expected)
  string(REPLACE ";" " " shown "${COMMAND}")
  message(FATAL_ERROR "${FILE} is not what the program prints; write it anew with\n  ${shown} > ${FILE}")
endif()
