# Debian packages of the programs, for the preset `package`; `./dev packages` builds and checks them.
#
# Of each program NAME: NAME/debian/ has its unit and its description; this folder has what both
# share. The settings file and the manual are printed by the program itself, so that they cannot differ from it.

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VERSION ${SOLAR_VERSION})
set(CPACK_PACKAGE_CONTACT "Solar Sync maintainers <maintainers@solar-sync.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each has its own
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_COMPONENTS_ALL publisher forwarder)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# The tool finds the rest; these are no libraries.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)

find_program(GZIP gzip REQUIRED)
# The changelog's; SOURCE_DATE_EPOCH makes it the commit's.
string(TIMESTAMP SOLAR_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)

# Where the program's installed files come from, and the fields of its package.
function(solar_package name)
  set(program solar-${name})
  set(NAME ${name})
  set(PROGRAM ${program})
  set(folder ${PROJECT_BINARY_DIR}/debian/${name})
  set(common ${PROJECT_SOURCE_DIR}/shared/debian)
  set(doc share/doc/${program})
  set(description_file ${PROJECT_SOURCE_DIR}/${name}/debian/description)
  foreach(file postinst prerm postrm conffiles changelog copyright)
    configure_file(${common}/${file}.in ${folder}/${file} @ONLY)
  endforeach()

  # Paths of this machine's build must not be read as settings: no file, no variable.
  add_custom_command(OUTPUT ${folder}/${name}.toml
    COMMAND env -i $<TARGET_FILE:${program}> settings --config /dev/null > ${folder}/${name}.toml
    DEPENDS ${program} VERBATIM)
  add_custom_command(OUTPUT ${folder}/${program}.1.gz ${folder}/changelog.gz
    COMMAND ${common}/manual.sh $<TARGET_FILE:${program}> ${description_file} > ${folder}/${program}.1
    COMMAND ${GZIP} -9nkf ${folder}/${program}.1 ${folder}/changelog
    DEPENDS ${program} ${common}/manual.sh ${folder}/changelog VERBATIM)
  add_custom_target(${program}-files ALL
    DEPENDS ${folder}/${name}.toml ${folder}/${program}.1.gz ${folder}/changelog.gz)

  set(to COMPONENT ${name})
  install(FILES ${folder}/${name}.toml DESTINATION /etc/solar-sync ${to}
    PERMISSIONS ${ARGN})
  install(DIRECTORY DESTINATION /etc/solar-sync/${name}-credentials ${to}
    DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
  install(FILES ${PROJECT_SOURCE_DIR}/${name}/debian/${program}.service DESTINATION lib/systemd/system ${to})
  install(FILES ${folder}/${program}.1.gz DESTINATION share/man/man1 ${to})
  install(FILES ${folder}/copyright ${folder}/changelog.gz DESTINATION ${doc} ${to})

  string(TOUPPER ${name} NAME_UPPER)
  file(READ ${description_file} description)
  string(STRIP "${description}" description)  # an empty line would end the control file
  set(CPACK_DEBIAN_${NAME_UPPER}_PACKAGE_NAME ${program} PARENT_SCOPE)
  set(CPACK_COMPONENT_${NAME_UPPER}_DESCRIPTION "${description}" PARENT_SCOPE)
  set(CPACK_DEBIAN_${NAME_UPPER}_PACKAGE_CONTROL_STRICT_PERMISSION ON PARENT_SCOPE)
  set(CPACK_DEBIAN_${NAME_UPPER}_PACKAGE_CONTROL_EXTRA
    ${folder}/postinst ${folder}/prerm ${folder}/postrm ${folder}/conffiles PARENT_SCOPE)
endfunction()

solar_package(publisher OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
# The name of the shared subscription is a secret: who knows it takes readings away from the forwarders.
solar_package(forwarder OWNER_READ OWNER_WRITE)

include(CPack)
