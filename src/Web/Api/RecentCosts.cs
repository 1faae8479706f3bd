using Narthex.Web.Http;

namespace Narthex.Web.Api;

/// <summary>Remembers which questions were answered at once when they came last: those need no other thread when they come again.</summary>
/// <remarks>On a thread of connections an answer gets little time, whatever is remembered: what takes longer begins again in the thread pool.</remarks>
internal sealed class RecentCosts(TimeProvider time)
{
    private const int Places = 256;

    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(10);

    // Each place has the last short question that fell there. Two that fall there in turn go to the pool, which is no harm.
    private readonly int[] _shortQuestions = new int[Places];

    /// <summary>Answers a question.</summary>
    /// <param name="question">Tells it from others, by a hash of what decides how long it takes.</param>
    /// <param name="answer">Answers it without a side effect, and looks at the token as it goes.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    public async ValueTask<T> RunAsync<T>(int question, Func<CancellationToken, T> answer, CancellationToken cancellationToken)
    {
        if (!PoolThread.IsCurrent && Volatile.Read(ref _shortQuestions[question & (Places - 1)]) == question)
        {
            using var patience = new CancellationTokenSource(s_patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
            try
            {
                return Measure(question, answer, either.Token);
            }
            catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                // Not so short any more.
            }
        }

        await PoolThread.Enter();
        return Measure(question, answer, cancellationToken);
    }

    private T Measure<T>(int question, Func<CancellationToken, T> answer, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        bool isShort = false;
        try
        {
            T result = answer(cancellationToken);
            isShort = time.GetElapsedTime(started) < s_short;
            return result;
        }
        finally
        {
            ref int place = ref _shortQuestions[question & (Places - 1)];
            if (isShort)
            {
                Volatile.Write(ref place, question);
            }
            else if (Volatile.Read(ref place) == question)
            {
                Volatile.Write(ref place, ~question);
            }
        }
    }
}
