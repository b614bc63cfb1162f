/** What a language model says of a symbol, as long as the shipped prompt gets: one or two sentences and what they rest on. */
export const modelWords = {
  rationale:
    'Short momentum is positive over fifteen minutes and the book leans to the bid, but the last hour gave back two thirds of the move; a small long with a wide stop is what remains of it at best.',
  evidence: ['C01/USDT.return_15m_bps', 'C01/USDT.book_imbalance', 'C01/USDT.volatility_60m_bps'],
};
