namespace CtfService.Inference.Queue;

/// <summary>
/// A line of waiting images. With turns, each submission gives one image in turn, so that a small submission is not behind a large one; without turns, the line
/// is first come, first served. Plain state, guarded by the lock of the scheduler.
/// </summary>
internal sealed class WaitingLine(bool takesTurns)
{
    private readonly List<(PendingSubmission? Submission, List<InferenceJob> Jobs)> _turns = []; // the first one is next; none is empty

    public bool IsEmpty => _turns.Count == 0;

    /// <summary>Number of images.</summary>
    public int Count { get; private set; }

    /// <summary>The next image; null if the line is empty.</summary>
    public InferenceJob? First => IsEmpty ? null : _turns[0].Jobs[0];

    public void Add(InferenceJob job)
    {
        Count++;
        var place = PlaceOf(job);
        if (place < 0)
        {
            _turns.Add((job.Submission, [job]));
        }
        else
        {
            _turns[place].Jobs.Add(job);
        }
    }

    /// <summary>Puts an image before all others.</summary>
    public void PutBack(InferenceJob job)
    {
        Count++;
        var place = PlaceOf(job);
        var turn = place < 0 ? (job.Submission, Jobs: []) : _turns[place];
        turn.Jobs.Insert(0, job);
        if (place >= 0)
        {
            _turns.RemoveAt(place);
        }

        _turns.Insert(0, turn);
    }

    /// <summary>Removes and returns the first image; the next turn follows. The line must not be empty.</summary>
    public InferenceJob Take()
    {
        Count--;
        var turn = _turns[0];
        var job = turn.Jobs[0];
        turn.Jobs.RemoveAt(0);
        if (takesTurns || turn.Jobs.Count == 0)
        {
            _turns.RemoveAt(0);
            if (turn.Jobs.Count > 0)
            {
                _turns.Add(turn);
            }
        }

        return job;
    }

    /// <summary>
    /// Removes the images that match. With turns, looks at the first image of each submission only, because its images are abandoned together, and at the
    /// others if that one matches: long jobs wait for hours, and this runs between two steps.
    /// </summary>
    /// <param name="match">Must return the same if it is called again.</param>
    /// <returns>The number of images.</returns>
    public int RemoveAll(Predicate<InferenceJob> match)
    {
        var removed = 0;
        for (var place = _turns.Count - 1; place >= 0; place--)
        {
            var jobs = _turns[place].Jobs;
            if (!takesTurns || match(jobs[0]))
            {
                removed += jobs.RemoveAll(match);
            }

            if (jobs.Count == 0)
            {
                _turns.RemoveAt(place);
            }
        }

        Count -= removed;
        return removed;
    }

    /// <summary>Removes and returns all images.</summary>
    public List<InferenceJob> TakeAll()
    {
        List<InferenceJob> all = [.. _turns.SelectMany(turn => turn.Jobs)];
        _turns.Clear();
        Count = 0;
        return all;
    }

    private int PlaceOf(InferenceJob job) => takesTurns ? _turns.FindIndex(turn => turn.Submission == job.Submission) : _turns.Count - 1;
}
