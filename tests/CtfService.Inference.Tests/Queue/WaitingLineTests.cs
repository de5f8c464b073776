using CtfService.Inference.Queue;
using CtfService.TestSupport;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Queue;

public sealed class WaitingLineTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly TestMeters _meters = new();
    private readonly WaitingLine _line = new(takesTurns: true);

    [Fact]
    public void Take_SubmissionsTakeTurns_TakesOneImageOfEach()
    {
        Add(Submission(1, 2, 3, 4), Submission(11, 12), Submission(21));

        Assert.Equal([1UL, 11, 21, 2, 12, 3, 4], TakeAll());
        Assert.True(_line.IsEmpty);
        Assert.Null(_line.First);
    }

    [Fact]
    public void Add_SubmissionArrivesLater_GetsATurnBeforeTheOthersEnd()
    {
        Add(Submission(1, 2, 3));
        Assert.Equal(1UL, _line.Take().Specification.Seed);

        Add(Submission(11, 12));

        Assert.Equal([2UL, 11, 3, 12], TakeAll());
    }

    [Fact]
    public void Take_WithoutTurns_IsFirstComeFirstServed()
    {
        var line = new WaitingLine(takesTurns: false);
        foreach (var job in (InferenceJob[])[.. Submission(1, 2), .. Submission(11), .. Submission(21)])
        {
            line.Add(job);
        }

        Assert.Equal([1UL, 2, 11, 21], line.TakeAll().Select(job => job.Specification.Seed));
    }

    [Fact]
    public void PutBack_ImagesThatRan_ComeBeforeAllOthersInTheirOrder()
    {
        Add(Submission(1, 2, 3), Submission(11, 12));
        var ran = (InferenceJob[])[_line.Take(), _line.Take(), _line.Take()]; // 1, 11, 2

        foreach (var job in ran.Reverse())
        {
            _line.PutBack(job);
        }

        Assert.Equal([1UL, 11, 2, 12, 3], TakeAll());
    }

    [Fact]
    public void PutBack_LastImageOfItsSubmission_IsFirst()
    {
        Add(Submission(1), Submission(11));
        var ran = _line.Take();

        _line.PutBack(ran);

        Assert.Equal([1UL, 11], TakeAll());
    }

    [Fact]
    public void RemoveAll_OneSubmissionIsAbandoned_KeepsTheOthers()
    {
        using var caller = new CancellationTokenSource();
        Add(Submission(1, 2), Submission(caller.Token, 11, 12, 13), Submission(21));
        caller.Cancel();

        _line.RemoveAll(job => !job.IsWanted);

        Assert.Equal([1UL, 21, 2], TakeAll());
    }

    public void Dispose() => _meters.Dispose();

    private void Add(params IReadOnlyList<InferenceJob>[] submissions)
    {
        foreach (var job in submissions.SelectMany(jobs => jobs))
        {
            _line.Add(job);
        }
    }

    private List<ulong> TakeAll()
    {
        var seeds = new List<ulong>();
        while (!_line.IsEmpty)
        {
            seeds.Add(_line.Take().Specification.Seed);
        }

        return seeds;
    }

    private IReadOnlyList<InferenceJob> Submission(params ulong[] seeds) => Submission(CancellationToken.None, seeds);

    private IReadOnlyList<InferenceJob> Submission(CancellationToken caller, params ulong[] seeds) => new PendingSubmission(
        Jobs.BulkSubmission([.. seeds.Select(Jobs.Image)]), Measured.By(_meters, _clock, new InferenceOptions()), _clock, caller).Jobs;
}
