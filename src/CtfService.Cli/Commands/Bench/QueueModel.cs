namespace CtfService.Cli.Commands.Bench;

/// <summary>
/// A model of replicas with devices behind one queue each, as a simulation of discrete events: an image joins a device at its next step if the device has a
/// free slot and runs fewer images than its share (docs/adr/0019), and leaves after its last step. A replica gets an image if it has the fewest that are
/// unanswered, as the gateway chooses. Neither threads nor HTTP cost anything. Use an instance once.
/// </summary>
internal sealed class QueueModel
{
    private readonly QueuePlan _plan;
    private readonly Replica[] _replicas;
    private readonly PriorityQueue<Device, double> _stepEnds = new();
    private int _lastReplica;

    public QueueModel(QueuePlan plan)
    {
        _plan = plan;
        _replicas = [.. Enumerable.Range(0, plan.Replicas).Select(_ => new Replica(plan))];
    }

    /// <summary>Returns the seconds from each arrival to its finished image.</summary>
    /// <param name="arrivals">Seconds from the start, ascending.</param>
    public double[] Run(double[] arrivals)
    {
        var latencies = new double[arrivals.Length];
        var (arrived, finished) = (0, 0);
        while (finished < arrivals.Length)
        {
            if (arrived < arrivals.Length && !(_stepEnds.TryPeek(out _, out var stepEnd) && stepEnd < arrivals[arrived]))
            {
                Arrive(arrived, arrivals[arrived]);
                arrived++;
                continue;
            }

            _stepEnds.TryDequeue(out var device, out var now);
            foreach (var image in device!.EndStep())
            {
                latencies[image] = now - arrivals[image];
                device.Replica.Unanswered--;
                finished++;
            }

            Begin(device, now);
        }

        return latencies;
    }

    private void Arrive(int image, double now)
    {
        var replica = LeastBusy();
        replica.Unanswered++;
        replica.Waiting.Enqueue(image);
        if (replica.Idle.TryDequeue(out var device))
        {
            Begin(device, now);
        }
    }

    /// <summary>Begins a step, or lets the device idle if no image runs or waits.</summary>
    private void Begin(Device device, double now)
    {
        device.Admit();
        if (device.Count == 0)
        {
            device.Replica.Idle.Enqueue(device);
        }
        else
        {
            _stepEnds.Enqueue(device, now + _plan.StepSeconds[device.Count - 1] + (device.Ending * _plan.LaterSeconds));
        }
    }

    /// <summary>Returns the replica with the fewest unanswered images; equal ones take turns.</summary>
    private Replica LeastBusy()
    {
        var best = (_lastReplica + 1) % _replicas.Length;
        for (var turn = 2; turn <= _replicas.Length; turn++)
        {
            var next = (_lastReplica + turn) % _replicas.Length;
            best = _replicas[next].Unanswered < _replicas[best].Unanswered ? next : best;
        }

        _lastReplica = best;
        return _replicas[best];
    }

    private sealed class Replica
    {
        private int _devicesWithRoom;
        private int _imagesOnThem;

        public Replica(QueuePlan plan)
        {
            _devicesWithRoom = plan.Devices;
            Idle = new Queue<Device>(Enumerable.Range(0, plan.Devices).Select(_ => new Device(this, plan)));
        }

        public Queue<int> Waiting { get; } = new();

        public Queue<Device> Idle { get; }

        public int Unanswered { get; set; }

        /// <summary>Images that a device with room may run.</summary>
        public int Share => (Waiting.Count + _imagesOnThem + _devicesWithRoom - 1) / _devicesWithRoom;

        /// <summary>Counts a device whose images have changed.</summary>
        public void Changed(int slots, int before, int now)
        {
            _devicesWithRoom += (now < slots ? 1 : 0) - (before < slots ? 1 : 0);
            _imagesOnThem += (now < slots ? now : 0) - (before < slots ? before : 0);
        }
    }

    private sealed class Device(Replica replica, QueuePlan plan)
    {
        private List<(int Image, int StepsLeft)> _running = [];

        public Replica Replica => replica;

        public int Count => _running.Count;

        /// <summary>Images whose last step is the next one.</summary>
        public int Ending => _running.Count(image => image.StepsLeft == 1);

        public void Admit()
        {
            while (replica.Waiting.Count > 0 && Count < plan.Slots && Count < replica.Share)
            {
                _running.Add((replica.Waiting.Dequeue(), plan.Steps));
                replica.Changed(plan.Slots, Count - 1, Count);
            }
        }

        /// <summary>Counts a step and returns the images that it finished.</summary>
        public IEnumerable<int> EndStep()
        {
            var after = _running.ConvertAll(image => image with { StepsLeft = image.StepsLeft - 1 });
            var ended = after.FindAll(image => image.StepsLeft == 0);
            _running = ended.Count == 0 ? after : after.FindAll(image => image.StepsLeft > 0);
            replica.Changed(plan.Slots, after.Count, Count);
            return ended.Select(image => image.Image);
        }
    }
}

/// <summary>What a <see cref="QueueModel"/> consists of.</summary>
/// <param name="Replicas">Number of processes, each with a queue.</param>
/// <param name="Devices">Number of devices of a process.</param>
/// <param name="Steps">Steps of an image: T.</param>
/// <param name="StepSeconds">Seconds of a decode step with 1, 2, ... images, to as many as a device can run.</param>
/// <param name="LaterSeconds">Seconds of the fine pass and VQ decode of an image. The other images of the device wait for them.</param>
internal sealed record QueuePlan(int Replicas, int Devices, int Steps, IReadOnlyList<double> StepSeconds, double LaterSeconds = 0)
{
    /// <summary>Images that a device runs at once.</summary>
    public int Slots => StepSeconds.Count;

    /// <summary>Images per second of all devices if they are full.</summary>
    public double Capacity => Replicas * Devices / ((Steps * StepSeconds[^1] / Slots) + LaterSeconds);
}
