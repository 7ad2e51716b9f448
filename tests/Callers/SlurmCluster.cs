using System.Net;
using System.Net.Sockets;
using KexecSign.Fixtures;

namespace KexecSign.Callers.Tests;

/// <summary>
/// Debian's Slurm on this machine: a controller and two nodes of two processors each, with a munge of their own, in the bench's folder.
/// </summary>
internal sealed class SlurmCluster : IDisposable
{
    /// <summary>The node that is killed.</summary>
    public const string Doomed = "n2";

    private readonly CompatBench _bench;
    private readonly string _folder;

    public SlurmCluster(CompatBench bench)
    {
        _bench = bench;
        foreach (string program in (string[])["munged", "slurmctld", "slurmd", "sbatch", "scontrol"])
            Tool.Require(program);
        Tool.Demand(Environment.UserName == "root", "slurmd runs the jobs of its users as root only");
        _folder = bench.Folder.Folder("slurm");
        bench.Folder.Folder("slurm/munge");
        int[] ports = FreePorts(3);
        // A node that does not answer for five seconds is down, and what ran there may run elsewhere ten seconds later.
        File.WriteAllText(Path.Combine(_folder, "slurm.conf"), $"""
            ClusterName=lab
            SlurmctldHost={Environment.MachineName}(127.0.0.1)
            SlurmUser=root
            SlurmdUser=root
            AuthType=auth/munge
            AuthInfo=socket={_folder}/munge/socket,cred_expire=5
            StateSaveLocation={_folder}
            SlurmdSpoolDir={_folder}/%n
            SlurmctldPidFile={_folder}/controller.pid
            SlurmdPidFile={_folder}/%n.pid
            SlurmctldLogFile={_folder}/controller.log
            SlurmdLogFile={_folder}/%n.log
            SlurmctldPort={ports[0]}
            ProctrackType=proctrack/linuxproc
            TaskPlugin=task/none
            JobAcctGatherType=jobacct_gather/none
            SelectType=select/cons_tres
            SelectTypeParameters=CR_CPU
            SchedulerParameters=sched_interval=1,batch_sched_delay=1,bf_interval=1
            SlurmdTimeout=5
            KillWait=1
            SlurmdParameters=config_overrides
            NodeName=n1 NodeHostname={Environment.MachineName} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2
            NodeName={Doomed} NodeHostname={Environment.MachineName} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2
            PartitionName=signing Nodes=n1,{Doomed} Default=YES MaxTime=INFINITE State=UP
            """);
        Run($"""
            umask 077; head -c 64 /dev/urandom > munge/key; chmod 755 .
            munged --force --num-threads=2 --key-file=$PWD/munge/key --socket=$PWD/munge/socket --pid-file=$PWD/munge/pid --log-file=$PWD/munge/log --seed-file=$PWD/munge/seed
            slurmctld
            mkdir n1 {Doomed}; slurmd -N n1; slurmd -N {Doomed}
            for i in $(seq 100); do [ "$(sinfo -h -t idle -o %D)" = 2 ] && exit 0; sleep 0.2; done
            sinfo >&2; exit 1
            """).Exit.ShouldBe(0, Logs);
    }

    /// <summary>What the daemons wrote, for a failure's message.</summary>
    public string Logs => string.Join('\n', Directory.GetFiles(_folder, "*.log").Select(f => f + ":\n" + string.Join('\n', File.ReadLines(f).TakeLast(15))));

    /// <summary>Runs a script beside the cluster's files, with its commands at hand.</summary>
    public Answer Run(string script) =>
        _bench.Shell($"cd {_folder} && {{ {script}\n}}", ("SLURM_CONF", Path.Combine(_folder, "slurm.conf")), ("PATH", "/usr/sbin:/sbin:" + Environment.GetEnvironmentVariable("PATH")));

    /// <summary>Kills a node with all that runs there, as a power cut does: first who would tell of it.</summary>
    public void Cut(string node) => Run($$"""
        jobs=$(grep -lzx SLURMD_NODENAME={{node}} /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3); keepers=
        for p in $jobs; do
            while [ "$p" -gt 1 ] && [ "$(cat /proc/$p/comm)" != slurmstepd ]; do p=$(awk '/^PPid/ { print $2 }' /proc/$p/status); done
            [ "$p" -gt 1 ] && keepers="$keepers $p"
        done
        kill -9 $(cat {{node}}.pid) $keepers; kill -9 $jobs
        """);

    public void Dispose() => Run("for f in n1.pid n2.pid controller.pid munge/pid; do [ -s $f ] && kill -9 $(cat $f); done; pkill -9 -f \"$PWD\"; true");

    private static int[] FreePorts(int count)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        foreach (TcpListener listener in listeners)
            listener.Start();
        int[] ports = [.. listeners.Select(l => ((IPEndPoint)l.LocalEndpoint).Port)];
        foreach (TcpListener listener in listeners)
            listener.Dispose();
        return ports;
    }
}
