using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.TestSupport;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Status;

/// <summary>The system's clock is set by an hour, in both directions, while the time since goes on.</summary>
public sealed class SteadyClockTests
{
    private readonly SetClock _clock = new();

    public static TheoryData<int> Hours => [-1, 1];

    [Theory]
    [MemberData(nameof(Hours))]
    public void GetSteadyNow_ClockIsSet_GoesOnEvenly(int hours)
    {
        var before = _clock.GetSteadyNow();

        _clock.Set(TimeSpan.FromHours(hours));
        _clock.Steady.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(TimeSpan.FromSeconds(3), _clock.GetSteadyNow() - before);
    }

    [Theory]
    [MemberData(nameof(Hours))]
    public void Pause_ClockIsSet_EndsInTime(int hours)
    {
        var state = new ModelState(_clock);
        state.BecomeReady(FakeModels.Fruits);
        state.BecomeFailing("steps fail", TimeSpan.FromSeconds(10));

        _clock.Set(TimeSpan.FromHours(hours));
        _clock.Steady.Advance(TimeSpan.FromSeconds(9));

        Assert.IsType<ModelStatus.Failing>(state.Current);
        Assert.Equal(TimeSpan.FromSeconds(1), Assert.IsType<ModelNotReadyException>(state.Refused()).RetryAfter);
        _clock.Steady.Advance(TimeSpan.FromSeconds(1));
        Assert.IsType<ModelStatus.Ready>(state.Current);
    }

    [Theory]
    [MemberData(nameof(Hours))]
    public void WaitingImage_ClockIsSet_IsLateAtItsDeadlineOnly(int hours)
    {
        var scheduler = new AdmissionScheduler(_clock);
        var job = new InferenceJob(
            Jobs.Image(), _clock.GetSteadyNow(), new RequestDeadline(TimeSpan.FromMinutes(1), "the test"), CancellationToken.None);
        scheduler.Add(job);

        _clock.Set(TimeSpan.FromHours(hours));
        scheduler.DropUnwanted();
        Assert.False(job.Completion.IsCompleted);
        _clock.Steady.Advance(TimeSpan.FromSeconds(61));
        scheduler.DropUnwanted();

        Assert.IsType<DeadlineExceededException>(job.Completion.Exception?.InnerException);
    }

    /// <summary>A clock that can be set without moving the timestamps.</summary>
    private sealed class SetClock : TimeProvider
    {
        private TimeSpan _offset;

        public FakeTimeProvider Steady { get; } = new();

        public override long TimestampFrequency => Steady.TimestampFrequency;

        public void Set(TimeSpan offset) => _offset = offset;

        public override DateTimeOffset GetUtcNow() => Steady.GetUtcNow() + _offset;

        public override long GetTimestamp() => Steady.GetTimestamp();
    }
}
