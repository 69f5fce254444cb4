# Makes the drawing script part of the program: a raw string literal has a limit in some compilers, a list of bytes has none.
function(ibcf_embed_text target file symbol)
  set(out ${CMAKE_BINARY_DIR}/generated/${symbol}.cpp)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(REGEX REPLACE "(('[^']*',){24})" "\\1\n    " bytes "${bytes}")
  file(CONFIGURE OUTPUT ${out} @ONLY CONTENT
"#include <string_view>\n\nnamespace ibcf::analysis {\nnamespace {\nconstexpr char bytes[] = {\n    @bytes@\n};\n}  // namespace\n
extern const std::string_view @symbol@;\nconst std::string_view @symbol@(bytes, sizeof bytes);\n}  // namespace ibcf::analysis\n")
  target_sources(${target} PRIVATE ${out})
endfunction()
