# Sanitizers make every header three times as long to compile: those that nearly every file includes are compiled once.
set(headers algorithm array atomic chrono condition_variable deque filesystem fstream functional map memory mutex optional
  random set sstream string string_view thread variant vector)
list(TRANSFORM headers REPLACE "(.+)" "<\\1>")

# precompile(OWNER HEADERS.. TARGETS TARGET..): GCC takes them where at least the owner's macros are defined, so it has none but those of all.
function(precompile owner)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;TARGETS")
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/${owner}.cpp "")
  add_library(${owner} OBJECT ${CMAKE_CURRENT_BINARY_DIR}/${owner}.cpp)
  target_link_libraries(${owner} PRIVATE solar_options)
  target_precompile_headers(${owner} PRIVATE ${arg_HEADERS})
  foreach(target IN LISTS arg_TARGETS)
    if(TARGET ${target})
      target_precompile_headers(${target} REUSE_FROM ${owner})
    endif()
  endforeach()
endfunction()

set(kinds unit simulation wire fuzz fault security)
list(TRANSFORM kinds PREPEND solar_ OUTPUT_VARIABLE libraries)
list(TRANSFORM libraries APPEND _tests OUTPUT_VARIABLE test_programs)
precompile(solar_headers HEADERS ${headers} TARGETS solar_shared solar_publisher solar_forwarder solar_test_support ${libraries})
precompile(solar_test_headers HEADERS ${headers} ${CMAKE_CURRENT_SOURCE_DIR}/support/catch.hpp TARGETS ${test_programs})
# Catch2 makes its main function where this file says so, before the header.
list(TRANSFORM kinds APPEND /main.cpp OUTPUT_VARIABLE mains)
set_source_files_properties(${mains} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
