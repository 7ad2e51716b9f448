namespace KexecSign.Simulation.Bpf.Machine;

/// <summary>Helper numbers of include/uapi/linux/bpf.h that loaders and parsers use.</summary>
internal static class HelperNames
{
    public const int MapLookup = 1, MapUpdate = 2, MapDelete = 3, ProbeRead = 4, KtimeGetNs = 5, TracePrintk = 6, RandomU32 = 7;
    public const int ProcessorId = 8, ProbeReadStr = 45, ProbeReadUser = 112, ProbeReadKernel = 113, ProbeReadUserStr = 114,
        ProbeReadKernelStr = 115;
    public const int RingbufOutput = 130, RingbufReserve = 131, RingbufSubmit = 132, RingbufDiscard = 133, RingbufQuery = 134;
    public const int CopyFromUser = 148, SysBpf = 166, FindBtf = 167, SysClose = 168, TraceVprintk = 177, KallsymsLookup = 179, Loop = 181,
        Strncmp = 182;
    public const int DynptrFromMem = 197, RingbufReserveDynptr = 198, RingbufSubmitDynptr = 199, RingbufDiscardDynptr = 200;
    public const int DynptrRead = 201, DynptrWrite = 202, DynptrData = 203;

    /// <summary>The name; "helper" for those that are not listed.</summary>
    public static string Of(int number) => number switch
    {
        MapLookup => "bpf_map_lookup_elem",
        MapUpdate => "bpf_map_update_elem",
        MapDelete => "bpf_map_delete_elem",
        ProbeRead => "bpf_probe_read",
        KtimeGetNs => "bpf_ktime_get_ns",
        TracePrintk => "bpf_trace_printk",
        RandomU32 => "bpf_get_prandom_u32",
        ProcessorId => "bpf_get_smp_processor_id",
        ProbeReadStr => "bpf_probe_read_str",
        ProbeReadUser => "bpf_probe_read_user",
        ProbeReadKernel => "bpf_probe_read_kernel",
        ProbeReadUserStr => "bpf_probe_read_user_str",
        ProbeReadKernelStr => "bpf_probe_read_kernel_str",
        RingbufOutput => "bpf_ringbuf_output",
        RingbufReserve => "bpf_ringbuf_reserve",
        RingbufSubmit => "bpf_ringbuf_submit",
        RingbufDiscard => "bpf_ringbuf_discard",
        RingbufQuery => "bpf_ringbuf_query",
        CopyFromUser => "bpf_copy_from_user",
        SysBpf => "bpf_sys_bpf",
        FindBtf => "bpf_btf_find_by_name_kind",
        SysClose => "bpf_sys_close",
        TraceVprintk => "bpf_trace_vprintk",
        KallsymsLookup => "bpf_kallsyms_lookup_name",
        Loop => "bpf_loop",
        Strncmp => "bpf_strncmp",
        DynptrFromMem => "bpf_dynptr_from_mem",
        RingbufReserveDynptr => "bpf_ringbuf_reserve_dynptr",
        RingbufSubmitDynptr => "bpf_ringbuf_submit_dynptr",
        RingbufDiscardDynptr => "bpf_ringbuf_discard_dynptr",
        DynptrRead => "bpf_dynptr_read",
        DynptrWrite => "bpf_dynptr_write",
        DynptrData => "bpf_dynptr_data",
        _ => "helper",
    };
}
