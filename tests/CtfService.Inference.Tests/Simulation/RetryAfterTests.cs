using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using Xunit.Abstractions;

namespace CtfService.Inference.Tests.Simulation;

/// <summary>Callers that obey Retry-After, on an overloaded device.</summary>
public sealed class RetryAfterTests(ITestOutputHelper output)
{
    private static readonly DeviceSpeed Speed = new(
        DecodeStep: TimeSpan.FromMilliseconds(20), VqEncode: TimeSpan.FromMilliseconds(400),
            Fine: TimeSpan.FromMilliseconds(50), VqDecode: TimeSpan.FromMilliseconds(80));

    private static readonly TimeSpan Length = TimeSpan.FromMinutes(10);

    [Theory]
    [InlineData(100, 0, 0)] // numbers of callers
    [InlineData(0, 100, 0)]
    [InlineData(0, 0, 90)]
    [InlineData(60, 40, 0)]
    [InlineData(60, 0, 30)]
    [InlineData(40, 30, 30)]
    [InlineData(95, 2, 2)]
    public void Callers_ObeyRetryAfter_AreAdmittedAtTheFirstRetry(int generations, int redetails, int variations)
    {
        using var instance = new SimulatedInstance(Speed, new InferenceOptions { MaxQueuedImages = 64, RequestTimeout = TimeSpan.FromHours(1) });
        List<Caller> callers =
        [
            .. Enumerable.Range(0, generations).Select(_ => new Caller(instance, () => Jobs.Image())),
            .. Enumerable.Range(0, redetails).Select(_ => new Caller(instance, () => SimulatedInstance.Redetail)),
            .. Enumerable.Range(0, variations).Select(_ => new Caller(instance, () => SimulatedInstance.Variation)),
        ];
        var end = instance.Clock.GetUtcNow() + Length;
        while (instance.Clock.GetUtcNow() < end)
        {
            foreach (var caller in callers.OrderBy(caller => caller.Next)) // callers that retry arrived while the step ran, the others after it ended
            {
                caller.Poll();
            }

            instance.Step();
        }

        var (retries, refused, wait) = (callers.Sum(caller => caller.Retries), callers.Sum(caller => caller.RefusedRetries),
            callers.Max(caller => caller.LongestWait));
        output.WriteLine(
            $"{callers.Sum(caller => caller.Finished)} images, {retries} retries, {refused} of them refused again; longest Retry-After {wait.TotalSeconds} s");
        Assert.True(retries > 50, $"{retries} retries are too few for a conclusion.");
        Assert.InRange((double)refused / retries, 0, 0.1);
        Assert.All(callers, caller => Assert.NotEqual(0, caller.Finished));
    }

    [Fact]
    public void Callers_ReturnALittleLateWhileOthersArrive_AreAdmittedAtTheFirstRetry()
    {
        const int Classes = 24;
        const double PerSecond = 9; // about twice what the device draws
        const double Obeying = 0.25; // if all tried again, half of them could not be served
        using var instance = new SimulatedInstance(Speed, new InferenceOptions { MaxQueuedImages = 64, RequestTimeout = TimeSpan.FromHours(1) });
        var (random, clock, lateness) = (new Random(1), instance.Clock, TimeSpan.FromMilliseconds(50)); // lateness of network and client
        var waiting = new PriorityQueue<ImageSpecification, DateTimeOffset>();
        var (end, arrival, retries, refused) = (clock.GetUtcNow() + Length, clock.GetUtcNow(), 0, 0);
        while (clock.GetUtcNow() < end)
        {
            for (; arrival <= clock.GetUtcNow(); arrival += TimeSpan.FromSeconds(-Math.Log(1 - random.NextDouble()) / PerSecond))
            {
                var image = Jobs.Image() with { ClassId = random.Next(Classes) };
                if (RetryAfter(instance, image) is { } wait && random.NextDouble() < Obeying)
                {
                    waiting.Enqueue(image, clock.GetUtcNow() + wait + lateness);
                }
            }

            while (waiting.TryPeek(out var image, out var due) && due <= clock.GetUtcNow())
            {
                waiting.Dequeue();
                retries++;
                refused += RetryAfter(instance, image) is null ? 0 : 1;
            }

            instance.Step();
        }

        output.WriteLine($"{retries} retries, {refused} of them refused again");
        Assert.True(retries > 50, $"{retries} retries are too few for a conclusion.");
        Assert.InRange((double)refused / retries, 0, 0.1);
    }

    /// <summary>Requests an image and returns the time to wait if it is refused; null if it is admitted.</summary>
    private static TimeSpan? RetryAfter(SimulatedInstance instance, ImageSpecification image)
    {
        try
        {
            instance.Request(image);
            return null;
        }
        catch (QueueFullException full)
        {
            return full.RetryAfter;
        }
    }

    /// <summary>Requests images one by one.</summary>
    private sealed class Caller(SimulatedInstance instance, Func<ImageSpecification> kind)
    {
        private ulong? _running;
        private bool _isRetry;

        /// <summary>Time of the next request; the maximum while an image is running.</summary>
        public DateTimeOffset Next { get; private set; }

        public int Finished { get; private set; }

        public int Retries { get; private set; }

        public int RefusedRetries { get; private set; }

        public TimeSpan LongestWait { get; private set; }

        public void Poll()
        {
            if (_running is { } seed && instance.Generator.Ended.ContainsKey(seed))
            {
                (Finished, _running, Next) = (Finished + 1, null, instance.Clock.GetUtcNow());
            }

            if (_running is null && Next <= instance.Clock.GetUtcNow())
            {
                Request();
            }
        }

        private void Request()
        {
            Retries += _isRetry ? 1 : 0;
            try
            {
                _running = instance.Request(kind())[0];
                (_isRetry, Next) = (false, DateTimeOffset.MaxValue);
            }
            catch (QueueFullException full)
            {
                RefusedRetries += _isRetry ? 1 : 0;
                _isRetry = true;
                Next = instance.Clock.GetUtcNow() + full.RetryAfter;
                LongestWait = full.RetryAfter > LongestWait ? full.RetryAfter : LongestWait;
            }
        }
    }
}
