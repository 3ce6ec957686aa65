using System.Text;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Framing;
using Parley.Mls.Tests.Groups;

namespace Parley.Mls.Tests.Model;

/// <content>Application messages, and those who try to read what they should not.</content>
internal sealed partial class Simulation
{
    private void Write(Peer peer)
    {
        if (!CanAct(peer) || peer.Group.MustCommitFirst)
            return;
        var letter = new Peer.Letter(peer, peer.Client.Identity.Signer.PublicKey, peer.Group.Epoch, $"{peer} writes {_letters++}", []);
        letter = letter with { Message = peer.Client.Send(letter.Text) };
        foreach (Peer reader in _epochs[(int)letter.Epoch].Members)
        {
            if (reader != peer && Chance(90))
                reader.Letters.Add(letter);
        }

        See(new Attacker.Evidence(letter.Epoch, Decode(letter.Message)));
    }

    /// <summary>One of the messages on their way arrives, whichever it is.</summary>
    private void ReadLetter(Peer peer)
    {
        if (peer.Letters.Count == 0 || !HasGroup(peer))
            return;
        Peer.Letter letter = AnyOf(peer.Letters);
        if (peer.IsActive && letter.Epoch > peer.Group.Epoch)
        {
            Refuse(peer, letter, MlsError.WrongEpoch);
            return; // It waits until the peer has caught up.
        }

        peer.Letters.Remove(letter);
        if (RefusalOf(peer, letter) is { } error)
        {
            Refuse(peer, letter, error);
            return;
        }

        if (Chance(5) && peer.CanCrash)
        {
            // A crash after the message was opened and before anything was stored: it can be opened again.
            peer.Group.Process(Decode(letter.Message), World.Now);
            peer.Client.Restart();
        }

        var received = (Received.Application)peer.Group.Process(Decode(letter.Message), World.Now);
        Require(Encoding.UTF8.GetString(received.Data.Span) == letter.Text, $"{peer} reads something else than {letter.Sender} wrote");
        ReadOnlyMemory<byte> key = _settings.Fault == Fault.WrongSender ? peer.Client.Identity.Signer.PublicKey : received.SenderLeaf.SignatureKey;
        Require(key.Span.SequenceEqual(letter.SignatureKey.Span), $"{peer} takes a message of {letter.Sender} for another's");
        if (_settings.Fault == Fault.OldBackup)
            peer.Client.Restart();
        peer.Client.Save();
        if (_settings.Fault != Fault.ReadingForgotten)
            peer.Read.Add(letter);
        if (_settings.Fault != Fault.OldBackup) // That is for another checker to find.
            CheckAcknowledged(peer);
    }

    /// <summary>A message that was read comes once more.</summary>
    private void ReadAgain(Peer peer)
    {
        if (peer.Read.Count == 0 || !HasGroup(peer))
            return;
        Peer.Letter letter = AnyOf(peer.Read);
        Refuse(peer, letter, RefusalOf(peer, letter) ?? MlsError.KeyConsumed);
    }

    /// <summary>Why a message cannot be opened, as far as epochs say.</summary>
    private MlsError? RefusalOf(Peer peer, Peer.Letter letter)
    {
        if (!peer.IsActive)
            return MlsError.RemovedFromGroup;
        bool isKept = peer.Group.Epoch - letter.Epoch <= (ulong)_world.PastEpochsMax && letter.Epoch >= peer.FirstEpoch;
        return isKept ? null : MlsError.EpochExpired;
    }

    private void Refuse(Peer peer, Peer.Letter letter, MlsError expected)
    {
        string before = peer.Client.Store.ToString();
        try
        {
            peer.Group.Process(Decode(letter.Message), World.Now);
        }
        catch (MlsException refused)
        {
            Require(refused.Error == expected, $"{peer} refuses \"{letter.Text}\" for {refused.Error}, not for {expected}");
            if (_settings.Fault == Fault.RefusalChanges && CanAct(peer))
                Forge.SealRaw(peer.Client, ContentType.Application, [0, 0]);
            peer.Client.Save();
            Require(before == peer.Client.Store.ToString(), $"{peer} has changed by what it refused");
            return;
        }

        throw new InvalidOperationException($"{peer} reads \"{letter.Text}\", which should be refused for {expected}");
    }

    private void Restart(Peer peer)
    {
        if (!HasGroup(peer))
            return;
        peer.Client.Restart();
        Require(peer.Group.TakeWrites().Count == 0, $"{peer} has something to write after a restart");
    }

    /// <summary>A Commit that has not been sent is dropped.</summary>
    private void Clear(Peer peer)
    {
        if (peer.Outbox.RemoveAll(static entry => entry.IsCommit) > 0)
            peer.Client.Clear();
    }

    /// <summary>One who was removed turns against the group, with its state of the last epoch it was in.</summary>
    private void Turn(Peer peer)
    {
        if (!peer.IsActive)
            return;
        Group group = peer.Client.Copy();
        for (int i = peer.Cursor; i < _log.Count - 1 && !group.IsRemoved; i++)
        {
            if (IsRepeated(peer, i))
                continue;
            if (IsOwn(group, _log[i]))
                group.MergePendingCommit();
            else if (Process(group, _log[i]) is { } staged)
                group.Merge(staged);
        }

        if (group.IsRemoved)
        {
            group.Dispose();
            return;
        }

        if (_attackers.Count == AttackersMax)
        {
            int replaced = _random.Next(AttackersMax);
            _attackers[replaced].Dispose();
            _attackers.RemoveAt(replaced);
        }

        _attackers.Add(new Attacker($"{peer}, who was removed in epoch {group.Epoch},", group));
    }

    /// <summary>Everybody sees everything that is sent.</summary>
    private void See(Attacker.Evidence evidence)
    {
        _history.Add(evidence);
        if (_history.Count > HistoryMax)
            _history.RemoveAt(0);
        foreach (Attacker attacker in _attackers)
        {
            // The Commit that removes it is of its own epoch, what it leads to is not.
            if (evidence.Epoch > attacker.Epoch || (evidence.Epoch == attacker.Epoch && evidence.Commit is not null))
                Refute(attacker, evidence);
        }
    }

    private static void Refute(Attacker attacker, Attacker.Evidence evidence)
    {
        if (attacker.Breaks(evidence) is { } how)
            throw new InvalidOperationException($"{attacker.Name} {how} of epoch {evidence.Epoch}");
    }

    private static bool HasGroup(Peer peer) => peer.Client.HasGroup;
}
