"""Which tests depend on the Python that runs them, and which are so long that one Python is enough.

`dev.py test` runs every test on one interpreter. On the oldest it leaves out the sweeps and the inner tests. On the
newest it runs what depends on the interpreter, without the sweeps in it. tests/conftest.py makes the markers
`interpreter`, `sweep` and `inner` of these tables.
"""

from __future__ import annotations

# Files whose tests start processes, read argparse's texts, use streams, signals, locks, the import system or pip, or
# compile every module. A test that starts a process is refused in any other file.
DEPENDING = (
    "cli/test_bad_input.py",
    "cli/test_bus.py",
    "cli/test_compat_line.py",
    "cli/test_device_files.py",
    "cli/test_doctor.py",
    "cli/test_gdbserver.py",
    "cli/test_guard.py",
    "cli/test_handover.py",
    "cli/test_machine_page.py",
    "cli/test_monitor.py",
    "cli/test_output.py",
    "cli/test_process.py",
    "cli/test_serial_server.py",
    "cli/test_usbip_probe.py",
    "platform/test_packages.py",
    "session/test_library.py",
    "session/test_library_page.py",
    "session/test_random_production.py",
    "sim/test_chip_file.py",
    "sim/test_store.py",
    "sim/test_store_refusals.py",
    "sim/test_usbip.py",
    "sim/test_usbip_clients.py",
    "unit/test_architecture.py",
    "unit/test_deps.py",
    "unit/test_dev.py",
    "unit/test_docs_site.py",
    "unit/test_docs.py",
    "unit/test_fetching.py",
    "unit/test_files.py",
    "unit/test_generated.py",
    "unit/test_interrupts.py",
    "unit/test_libusb.py",
    "unit/test_modules.py",
    "unit/test_package_files.py",
    "unit/test_release.py",
    "unit/test_root.py",
    "unit/test_serial_number.py",
    "unit/test_usb_holder.py",
)

# Files, or tests in them, that run one piece of code again at every moment, for every part or for many seeds. What they
# call is called by other tests, too, on the oldest Python as well. One reads texts that no Python reads in another way:
# mypy reads the programs of the library's page.
SWEEPS = (
    "cli/test_second_probe_faults.py::test_a_link_that_dies_anywhere_in_a_write_is_one_error_and_the_next_write_does_the_rest",
    "session/test_cut_unlocks.py",
    "session/test_cut_writes.py::test_a_supply_that_is_cut_at_any_moment_loses_no_byte_beside_the_image",
    "session/test_every_part.py",
    "session/test_faults.py::test_a_hiccup_at_every_moment_is_survived",
    "session/test_faults.py::test_a_lost_reply_about_an_option_byte_fails_no_unlock_of_a_chip_that_opens",
    "session/test_faults.py::test_a_plug_pulled_at_every_moment_ends_the_upload_and_the_next_one_works",
    "session/test_faults.py::test_ctrl_c_at_every_moment_leaves_probe_and_chip_in_order",
    "session/test_library_page.py::test_the_programs_have_types_that_fit",
    "session/test_loader_jobs.py::test_a_verify_finds_any_wrong_byte_wherever_it_is",
    "session/test_loader_jobs.py::test_the_chip_holds_the_same_as_without_the_loader",
    "session/test_noise.py::test_noise_never_makes_a_wrong_verify_pass_or_a_wrong_copy",
    "session/test_option_cuts.py",
    "session/test_options.py::test_no_value_of_any_option_byte_that_is_accepted_ruins_a_chip_by_the_simulators_reading",
    "session/test_ram_loader.py::test_a_link_that_is_lost_at_any_transfer_leaves_whole_blocks",
    "session/test_ram_loader_sums.py::test_any_wrong_byte_is_found_by_its_address",
    "session/test_ram_loader_sums.py::test_what_differs_is_what_reading_shows",
    "session/test_random_faults.py",
    "session/test_random_production.py",
    "session/test_signs.py::test_whatever_a_chip_holds_throughout_the_tool_reads_replaces_and_locks_it",
    "session/test_upload.py::test_every_part_is_unlocked_and_programmed",
    "sim/test_chip_file.py::test_no_single_value_of_a_file_is_more_than_an_error",
    "sim/test_lag.py",
    "unit/test_package_files.py::test_a_damaged_folder_heals",
)


# Folders whose tests call the layers below the command line. The tests of cli/ call the same layers, on the oldest
# Python as well. Their files in DEPENDING run there, too.
INNER = ("session",)


def markers(name: str) -> list[str]:
    """Return the markers of a test by its name, such as "unit/test_x.py::test_y[z]"."""
    file, test = name.partition("::")[0], name.partition("[")[0]
    depends = file in DEPENDING
    inner = file.partition("/")[0] in INNER and not depends
    return ["interpreter"] * depends + ["sweep"] * (not {file, test}.isdisjoint(SWEEPS)) + ["inner"] * inner


if __name__ == "__main__":  # dev.py asks for the files
    print("\n".join(f"tests/{file}" for file in DEPENDING))
