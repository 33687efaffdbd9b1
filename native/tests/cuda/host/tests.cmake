# Tests of what the CUDA backend does on the host, with stand-ins for the plug-in and for NVIDIA's libraries.
set(cuda_host ${CMAKE_CURRENT_LIST_DIR})
set(cuda_stubs ${CMAKE_BINARY_DIR}/cuda_stubs)

# Plug-ins: one that computes on the CPU, one of another version, a library that is no plug-in.
function(alexnet_stub target folder output)
  cmake_parse_arguments(S "" "" "SOURCES;LINK;DEFINE" ${ARGN})
  add_library(${target} MODULE ${S_SOURCES})
  target_link_libraries(${target} PRIVATE alexnet_flags ${S_LINK})
  target_compile_definitions(${target} PRIVATE ${S_DEFINE})
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${output} SUFFIX ""
                        LIBRARY_OUTPUT_DIRECTORY ${cuda_stubs}/${folder})
  add_dependencies(cuda_stubs ${target})
endfunction()
add_custom_target(cuda_stubs)
alexnet_stub(stub_plugin plugin cpu.so SOURCES ${cuda_host}/../../train/stub_plugin.cc
             ${CMAKE_SOURCE_DIR}/src/cuda/entry/entry.cc ${CMAKE_SOURCE_DIR}/src/cuda/flat_net.cc LINK alexnet_cpu alexnet_data)
alexnet_stub(stub_plugin_version plugin other_version.so SOURCES ${cuda_host}/stubs/other_version.cc)
alexnet_stub(stub_plugin_none plugin no_entry.so SOURCES ${cuda_host}/stubs/no_entry.cc)

# NVIDIA's libraries, each in folders of its own: good, too old, without a function.
foreach(kind good old lacking)
  foreach(library cudnn.so.9 cublasLt.so.13 nccl.so.2)
    string(REGEX REPLACE "\\..*" "" name ${library})
    alexnet_stub(stub_${name}_${kind} ${kind} lib${library} SOURCES ${cuda_host}/stubs/${name}.cc
                 DEFINE STUB_${kind}=1)
  endforeach()
endforeach()
alexnet_stub(stub_nvml_good good libnvidia-ml.so.1 SOURCES ${cuda_host}/stubs/nvml.cc DEFINE STUB_good=1)
alexnet_stub(stub_nvml_dead lacking libnvidia-ml.so.1 SOURCES ${cuda_host}/stubs/nvml.cc DEFINE STUB_dead=1)
foreach(kind good old none dead)
  alexnet_stub(stub_driver_${kind} driver_${kind} libcuda.so.1 SOURCES ${cuda_host}/stubs/driver.cc
               DEFINE STUB_${kind}=1)
endforeach()

file(GLOB cuda_host_tests CONFIGURE_DEPENDS ${cuda_host}/*_test.cc)
add_executable(test_cuda_host ${cuda_host_tests} ${CMAKE_SOURCE_DIR}/tests/main.cc)
target_link_libraries(test_cuda_host PRIVATE alexnet_cuda_loader alexnet_cuda_libraries)
target_include_directories(test_cuda_host PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_include_directories(test_cuda_host SYSTEM PRIVATE ${DOCTEST_INCLUDE} ${NLOHMANN_INCLUDE}
                           ${ALEXNET_NVIDIA_INCLUDE} ${CUDAToolkit_INCLUDE_DIRS})
target_compile_definitions(test_cuda_host PRIVATE ALEXNET_STUBS_DIR="${cuda_stubs}")
add_dependencies(test_cuda_host cuda_stubs)
if(TARGET alexnet_cuda_plugin)
  add_dependencies(test_cuda_host alexnet_cuda_plugin)
endif()
add_test(NAME cuda_host COMMAND test_cuda_host)
if(TARGET test_train)
  add_dependencies(test_train cuda_stubs)
  target_compile_definitions(test_train PRIVATE ALEXNET_STUBS_DIR="${cuda_stubs}")
endif()
