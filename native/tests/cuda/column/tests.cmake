# Tests of the CUDA column's own code on a stand-in device: CUDA's runtime, cuDNN, cuBLASLt and NCCL as loops on the
# host, streams as threads. Needs CUDA's headers, but neither its libraries nor a GPU.
if(NOT TARGET alexnet_cuda_column)
  message(STATUS "Tests of the CUDA column: not built, cuda_runtime_api.h is not found")
  return()
endif()
set(fake_libraries ${CMAKE_BINARY_DIR}/cuda_stubs/fake)
foreach(library cudnn.so.9 cublasLt.so.13 nccl.so.2)
  string(REGEX REPLACE "\\..*" "" name ${library})
  string(TOLOWER ${name} file)
  add_library(fake_${file} MODULE ${CMAKE_CURRENT_LIST_DIR}/fake_${file}.cc)
  target_link_libraries(fake_${file} PRIVATE alexnet_flags)
  # Loops that stand for a GPU: not optimised they take longer than all other tests.
  target_compile_options(fake_${file} PRIVATE -O3 -fopenmp-simd)
  target_include_directories(fake_${file} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  set_target_properties(fake_${file} PROPERTIES PREFIX "" OUTPUT_NAME lib${library} SUFFIX ""
                        LIBRARY_OUTPUT_DIRECTORY ${fake_libraries})
endforeach()

file(GLOB cuda_column_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*_test.cc)
add_executable(test_cuda_column $<TARGET_OBJECTS:alexnet_cuda_column>
               ${CMAKE_SOURCE_DIR}/src/cuda/device_rules.cc ${cuda_column_tests}
               ${CMAKE_CURRENT_LIST_DIR}/fake_device.cc ${CMAKE_CURRENT_LIST_DIR}/kernels_on_host.cc
               ${CMAKE_SOURCE_DIR}/tests/main.cc)
# The compiler does not see that every window holds a pixel.
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/kernels_on_host.cc PROPERTIES
                            COMPILE_OPTIONS "-O2;-Wno-maybe-uninitialized;-Wno-uninitialized")
# The stand-in for the kernels' own header comes first.
target_include_directories(test_cuda_column BEFORE PRIVATE ${CMAKE_CURRENT_LIST_DIR})
target_include_directories(test_cuda_column PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_include_directories(test_cuda_column SYSTEM PRIVATE ${DOCTEST_INCLUDE} ${CUDA_RUNTIME_INCLUDE})
target_link_libraries(test_cuda_column PRIVATE alexnet_reference alexnet_columns alexnet_cuda_libraries)
if(TARGET alexnet_data)
  target_link_libraries(test_cuda_column PRIVATE alexnet_data)
  target_compile_definitions(test_cuda_column PRIVATE ALEXNET_WITH_DATA)
endif()
target_compile_definitions(test_cuda_column PRIVATE ALEXNET_FAKE_LIBRARIES="${fake_libraries}")
# What the stand-ins for the libraries call.
set_target_properties(test_cuda_column PROPERTIES ENABLE_EXPORTS ON)
add_dependencies(test_cuda_column fake_cudnn fake_cublaslt fake_nccl)
add_test(NAME cuda_column COMMAND test_cuda_column)
