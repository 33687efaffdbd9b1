# Whole nets on this machine's GPUs, through the plug-in beside the program. Skipped, and said so, without one.
file(GLOB cuda_net_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*_test.cc)
add_executable(test_cuda_net ${cuda_net_tests} ${CMAKE_SOURCE_DIR}/tests/main.cc)
target_link_libraries(test_cuda_net PRIVATE alexnet_cuda_loader alexnet_reference)
target_include_directories(test_cuda_net PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_include_directories(test_cuda_net SYSTEM PRIVATE ${DOCTEST_INCLUDE} ${NLOHMANN_INCLUDE})
target_compile_definitions(test_cuda_net PRIVATE
  ALEXNET_PRESETS_DIR="${CMAKE_SOURCE_DIR}/../resources/presets")
if(TARGET alexnet_cuda_plugin)
  add_dependencies(test_cuda_net alexnet_cuda_plugin)
endif()
add_test(NAME cuda_net COMMAND test_cuda_net)
