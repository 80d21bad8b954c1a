use super::*;

#[test]
fn a_number_is_a_whole_line_of_digits() {
    assert_eq!(number("274432\n"), Some(274_432));
    assert_eq!(number("18446744073709551615\n"), Some(u64::MAX));
    for text in [
        "",
        "\n",
        "274432",
        "27 \n",
        "-1\n",
        "+1\n",
        "0x1\n",
        "18446744073709551616\n",
        "1\n\n",
    ] {
        assert_eq!(number(text), None, "{text:?}");
    }
}

#[test]
fn a_limit_may_be_none() {
    assert_eq!(limit("max\n"), Some(f64::INFINITY));
    assert_eq!(limit("67108864\n"), Some(67_108_864.0));
    assert_eq!(limit("ma"), None);
    assert_eq!(memory_limit("9223372036854771712\n"), Some(f64::INFINITY));
    assert_eq!(memory_limit("67108864\n"), Some(67_108_864.0));
    assert_eq!(cpu_max("50000 100000\n"), Some(0.5));
    assert_eq!(cpu_max("max 100000\n"), Some(f64::INFINITY));
    assert_eq!(cpu_max("50000 0\n"), None);
    assert_eq!(cpu_max("50000\n"), None);
    assert_eq!(cfs_quota("-1\n", "100000\n"), Some(f64::INFINITY));
    assert_eq!(cfs_quota("150000\n", "100000\n"), Some(1.5));
    assert_eq!(cfs_quota("150000\n", "0\n"), None);
}

#[test]
fn a_key_is_a_whole_word_and_its_line_ended() {
    let text = "total_inactive_file 7\ninactive_file 12\nanon 3";
    assert_eq!(keyed(text, "inactive_file"), Some(12));
    assert_eq!(keyed(text, "inactive"), None);
    assert_eq!(keyed(text, "anon"), None, "the line may have gone on");
}

#[test]
fn the_total_of_pressure_is_found_by_its_line() {
    let text = "some avg10=0.00 avg60=0.01 avg300=0.00 total=52235\n\
                full avg10=0.00 avg60=0.00 avg300=0.00 total=28061\n";
    assert_eq!(pressure(text, "some"), Some(52_235));
    assert_eq!(pressure(text, "full"), Some(28_061));
    assert_eq!(pressure("some avg10=0.00\n", "some"), None);
}

const IO: &str = "\
254:0 rbytes=8192 wbytes=4194304 rios=2 wios=64 dbytes=0 dios=0
253:1 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0
7:0 \n";

#[test]
fn devices_are_added_up_but_for_those_that_lie_on_others() {
    let all = io_stat(IO, |_| true).unwrap();
    assert_eq!(
        [all.read_bytes, all.written_bytes, all.reads, all.writes],
        [8193, 4_194_306, 5, 68]
    );
    let disks = io_stat(IO, |device| device != "253:1").unwrap();
    assert_eq!([disks.read_bytes, disks.writes], [8192, 64]);
}

#[test]
fn a_line_of_io_that_is_not_complete_makes_it_unknown() {
    assert_eq!(io_stat("", |_| true), None);
    let first = IO.find('\n').unwrap();
    for end in 0..IO.len() {
        let at_line_end = end > 0 && IO.as_bytes()[end - 1] == b'\n';
        if !at_line_end {
            assert_eq!(io_stat(&IO[..end], |_| true), None, "{end}");
        }
        assert!(end > first || io_stat(&IO[..end], |_| true).is_none());
    }
    assert_eq!(io_stat("254:0 rbytes=1 wbytes=2 rios=3\n", |_| true), None);
    assert_eq!(
        io_stat("254 rbytes=1 wbytes=2 rios=3 wios=4\n", |_| true),
        None
    );
}

#[test]
fn version_1_ends_with_a_total() {
    let bytes = "8:0 Read 4096\n8:0 Write 512\n8:0 Sync 0\nTotal 4608\n";
    let serviced = "8:0 Read 1\n8:0 Write 2\nTotal 3\n";
    let io = blkio(bytes, serviced, |_| true).unwrap();
    assert_eq!(
        [io.read_bytes, io.written_bytes, io.reads, io.writes],
        [4096, 512, 1, 2]
    );
    assert_eq!(
        blkio("Total 0\n", "Total 0\n", |_| true),
        Some(Io::default())
    );
    for end in 0..bytes.len() {
        assert_eq!(blkio(&bytes[..end], serviced, |_| true), None, "{end}");
    }
}
